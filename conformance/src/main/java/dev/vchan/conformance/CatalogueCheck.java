// SPDX-License-Identifier: Apache-2.0
package dev.vchan.conformance;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Checks that every case of the catalogues ran in this build, and writes the table of it.
 *
 * <pre>CatalogueCheck ROOT BUILD MODULE...</pre>
 *
 * <p>ROOT is the project's directory, BUILD the run of Maven, and each MODULE must have results of
 * that run: with old ones, or none, nobody knows what its tests would say.
 */
public final class CatalogueCheck {

  private CatalogueCheck() {}

  /**
   * Exits with 1 if a case neither ran nor is listed, failed, ran though listed, or is unknown.
   *
   * @param arguments the project's directory, the run of Maven, and the modules with results
   * @throws IOException if the table cannot be written
   */
  public static void main(String[] arguments) throws IOException {
    Path root = Path.of(arguments[0]);
    List<String> modules = Arrays.asList(arguments).subList(2, arguments.length);
    boolean good = check(Catalogue.load(), root, arguments[1], modules, System.out, System.err);
    System.exit(good ? 0 : 1);
  }

  static boolean check(
      Catalogue catalogue,
      Path root,
      String build,
      List<String> modules,
      PrintStream out,
      PrintStream errors)
      throws IOException {
    List<String> objections = new ArrayList<>();
    List<Result> results = new ArrayList<>();
    for (String module : modules) {
      try {
        results.addAll(Result.read(root, module, build));
      } catch (IOException e) {
        objections.add(e.getMessage());
      }
    }
    Report report = new Report(catalogue, results);
    objections.addAll(report.objections());
    Path target = Files.createDirectories(root.resolve("conformance/target"));
    Path table = Files.writeString(target.resolve("catalogue.md"), report.table());
    out.println(report.summary());
    objections.forEach(errors::println);
    out.println("each case with its tests: " + table);
    return objections.isEmpty();
  }
}
