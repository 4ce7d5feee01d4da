// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.Vchan;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A domain in this process. May be used from any thread. */
public final class DirectPlace implements Place {

  private final Backend backend;
  private final Workers workers;
  private final Supplier<List<String>> leftovers;
  private final Queue<Vchan> opened = new ConcurrentLinkedQueue<>();

  /**
   * Uses a backend.
   *
   * @param backend the domain; stays the caller's to close
   * @param workers on what threads calls are made
   * @param leftovers tells what the domain has not given back
   */
  public DirectPlace(Backend backend, Workers workers, Supplier<List<String>> leftovers) {
    this.backend = backend;
    this.workers = workers;
    this.leftovers = leftovers;
  }

  @Override
  public <T extends @Nullable Object> Pending<T> start(Deed<Backend, T> deed) {
    return workers.start(() -> deed.on(backend));
  }

  @Override
  public Pending<End> open(Deed<Backend, Vchan> opening) {
    return workers.start(
        () -> {
          Vchan vchan = opening.on(backend);
          opened.add(vchan);
          return new DirectEnd(vchan, workers, opened);
        });
  }

  @Override
  public List<String> leftovers() {
    return leftovers.get();
  }

  @Override
  public void close() throws IOException {
    for (Vchan vchan : opened) {
      vchan.close();
    }
  }

  /** An end in this process. */
  private record DirectEnd(Vchan vchan, Workers workers, Queue<Vchan> opened) implements End {

    @Override
    public <T extends @Nullable Object> Pending<T> start(Deed<Vchan, T> deed) {
      return workers.start(() -> deed.on(vchan));
    }

    @Override
    public void forget() {
      opened.remove(vchan);
    }

    @Override
    public void close() throws IOException {
      vchan.close();
    }
  }
}
