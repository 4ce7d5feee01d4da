// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** Which build this is; the build writes version and commit into a resource. */
final class Version implements IVersionProvider {

  @Override
  public String[] getVersion() {
    Properties built = new Properties();
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      if (in != null) {
        built.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new String[] {
      "vchan %s (commit %s)"
          .formatted(
              built.getProperty("version", "unknown"), built.getProperty("commit", "unknown")),
      "Java " + Runtime.version() + ", " + System.getProperty("java.vm.name")
    };
  }
}
