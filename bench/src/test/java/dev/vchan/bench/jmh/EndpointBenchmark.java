// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.jmh;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What calls cost on one thread that never waits: it has both ends, and reads what it has written.
 * Each benchmark is a write and a read; {@code copies} is what the two copies alone cost.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class EndpointBenchmark {

  private static final int RING = 1 << 20;

  /** Bytes of a write. */
  @Param({"64", "1024", "65536"})
  private int size;

  private Vchan writer;
  private Vchan reader;
  private ByteBuffer source;
  private ByteBuffer target;
  private ByteBuffer ring;
  private int place;

  @Setup
  public void open() throws IOException, InterruptedException, ExecutionException {
    InProcessHost host = new InProcessHost();
    DomainId server = new DomainId(1);
    DomainId client = new DomainId(2);
    PortName port = new PortName("jmh");
    // Nothing ever waits here, and a pause between looks would be all that is measured.
    VchanOptions options =
        VchanOptions.DEFAULTS
            .withSizes(new RingSizes(RING, RING))
            .withWaitPolicy(WaitPolicy.sleepAtOnce());
    FutureTask<Vchan> listening =
        new FutureTask<>(
            () -> Vchan.listen(host.domain(server), client, port, options, Deadline.NEVER));
    Thread.ofPlatform().start(listening);
    reader = Vchan.connect(host.domain(client), server, port, options, Deadline.NEVER);
    writer = listening.get();
    source = ByteBuffer.allocateDirect(size);
    target = ByteBuffer.allocateDirect(size);
    ring = ByteBuffer.allocateDirect(RING);
  }

  @TearDown
  public void close() throws IOException {
    writer.close();
    reader.close();
  }

  /** One write and one read of all of it. */
  @Benchmark
  public int writeAndRead() throws IOException {
    writer.write(source.rewind());
    return reader.read(target.clear());
  }

  /** The same without waiting forms. */
  @Benchmark
  public int tryWriteAndTryRead() throws IOException {
    writer.tryWrite(source.rewind());
    return reader.tryRead(target.clear());
  }

  /** Publishing and releasing alone: nothing is copied. */
  @Benchmark
  public int commitAndConsume() throws IOException {
    ByteBuffer space = writer.reserve(Deadline.NEVER);
    int bytes = Math.min(size, space.remaining());
    writer.commit(bytes);
    for (int left = bytes; left > 0; ) {
      int some = Math.min(left, reader.peek(Deadline.NEVER).remaining());
      reader.consume(some);
      left -= some;
    }
    return bytes;
  }

  /** The two copies of a write and a read, to and from a ring of this size, and nothing else. */
  @Benchmark
  public ByteBuffer copies() {
    ring.put(place, source, 0, size);
    target.put(0, ring, place, size);
    place = (place + size) & (RING - 1);
    return target;
  }
}
