// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/**
 * Names of files as they come from the other side: the name of one file in one directory, that can
 * be shown on a terminal and hides nothing.
 */
final class FileName {

  /** What the file of an unfinished transfer is called: its name with this at the end. */
  static final String PARTIAL = ".vchan-part";

  /** Longest name of a file on common file systems, in bytes, less {@link #PARTIAL}. */
  static final int MAX_BYTES = 255 - PARTIAL.length();

  private FileName() {}

  /**
   * Checks a name.
   *
   * @return what is wrong with it, or "" if nothing is
   */
  static String objection(String name) {
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      return "not the name of a file";
    }
    if (name.indexOf('/') >= 0) {
      return "a name must not hold a slash";
    }
    if (!name.equals(printable(name))) {
      return "a name must not hold control characters";
    }
    if (name.getBytes(UTF_8).length > MAX_BYTES) {
      return "a name must not be longer than " + MAX_BYTES + " bytes";
    }
    if (name.endsWith(PARTIAL)) {
      return "names that end in " + PARTIAL + " are kept for unfinished transfers";
    }
    return "";
  }

  /** Decodes a name strictly. */
  static String decode(ByteBuffer bytes) throws TransferException {
    try {
      return UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw TransferException.broken("a name that is not UTF-8");
    }
  }

  /**
   * Replaces what a terminal would act on, and what would make a name look like another: control
   * characters, line separators, and marks that turn the direction of writing.
   */
  static String printable(String text) {
    return text.codePoints()
        .map(point -> isHarmless(point) ? point : '?')
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static boolean isHarmless(int point) {
    return switch (Character.getType(point)) {
      case Character.CONTROL,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE ->
          false;
      default -> !(point >= 0x202A && point <= 0x202E) && !(point >= 0x2066 && point <= 0x2069);
    };
  }
}
