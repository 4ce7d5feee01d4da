// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The nine permission bits as a number, and back. */
final class Permissions {

  /** For file systems that have none: rw-r--r--. */
  static final int USUAL = 0644;

  private static final Pattern UMASK = Pattern.compile("(?m)^Umask:\\s*([0-7]+)$");
  private static final int USUAL_UMASK = 022;
  private static final String ALL = "rwxrwxrwx";
  private static final int FIRST_BIT = 0400;

  private Permissions() {}

  static int bits(Set<PosixFilePermission> permissions) {
    String text = PosixFilePermissions.toString(permissions);
    int bits = 0;
    for (int i = 0; i < text.length(); i++) {
      bits = bits << 1 | (text.charAt(i) == '-' ? 0 : 1);
    }
    return bits;
  }

  /** What a file of that mode gets here: less what the umask takes away, as for every new file. */
  static Set<PosixFilePermission> granted(int mode) {
    int left = mode & ~umask();
    StringBuilder text = new StringBuilder(ALL);
    for (int i = 0; i < ALL.length(); i++) {
      if ((left & FIRST_BIT >> i) == 0) {
        text.setCharAt(i, '-');
      }
    }
    return PosixFilePermissions.fromString(text.toString());
  }

  private static int umask() {
    try {
      Matcher found = UMASK.matcher(Files.readString(Path.of("/proc/self/status")));
      return found.find() ? Integer.parseInt(found.group(1), 8) : USUAL_UMASK;
    } catch (IOException e) {
      return USUAL_UMASK;
    }
  }
}
