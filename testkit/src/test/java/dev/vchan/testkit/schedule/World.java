// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A second copy of the endpoint in this JVM, rewritten, and perhaps with a mistake in it; beside it
 * the machine it runs on and those who use it, which are loaded here so that they see that copy.
 */
final class World extends ClassLoader {

  private static final List<String> REWRITTEN = List.of("dev.vchan", "dev.vchan.spi");
  private static final String BESIDE = "dev.vchan.testkit.schedule.world";

  private final Rewriter rewriter = new Rewriter(this::bytesOf);
  private final Optional<Path> changed;

  /**
   * Makes a copy.
   *
   * @param changed folder with classes that take the place of the endpoint's
   */
  World(Optional<Path> changed) {
    super(World.class.getClassLoader());
    this.changed = changed;
  }

  /** Makes what is played in this world: a class beside, its nested ones behind a dot. */
  Situation situation(String name) {
    try {
      Constructor<?> made =
          loadClass(BESIDE + "." + name.replace('.', '$')).getDeclaredConstructor();
      made.setAccessible(true);
      return (Situation) made.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no situation " + name, e);
    }
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      String place = name.substring(0, Math.max(name.lastIndexOf('.'), 0));
      if (!REWRITTEN.contains(place) && !place.equals(BESIDE)) {
        return super.loadClass(name, resolve);
      }
      byte[] bytes = bytesOf(name);
      if (!place.equals(BESIDE)) {
        bytes = rewriter.rewrite(bytes);
      }
      return defineClass(name, bytes, 0, bytes.length);
    }
  }

  private byte[] bytesOf(String name) {
    String file = name.replace('.', '/') + ".class";
    Optional<Path> other = changed.map(folder -> folder.resolve(file)).filter(Files::exists);
    try (InputStream stream =
        other.isPresent()
            ? Files.newInputStream(other.get())
            : getParent().getResourceAsStream(file)) {
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
