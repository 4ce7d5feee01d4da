// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import java.nio.file.Files;
import java.nio.file.Path;

/** Plays the saved inputs of a target until one of them meets a bug, and says so. */
final class CorpusMain {

  private CorpusMain() {}

  public static void main(String[] arguments) throws Exception {
    Target target = Target.valueOf(arguments[0]);
    for (Path file : target.corpus()) {
      try {
        target.play(Files.readAllBytes(file));
      } catch (Exception | Error e) {
        System.out.println("found by " + file + ": " + e);
        return;
      }
    }
    System.out.println("nothing");
  }
}
