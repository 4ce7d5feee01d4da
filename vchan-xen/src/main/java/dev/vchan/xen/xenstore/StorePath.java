// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

/**
 * Where a node is.
 *
 * <p>A path that does not begin with a slash is relative to the home of the own domain, {@code
 * /local/domain/<domid>}. Over xenstored's socket in dom0 it is relative to the home of the domain
 * in which xenstored runs, so use absolute paths there. {@code @releaseDomain} and {@code
 * @introduceDomain} are not nodes and can only be watched, by privileged domains.
 *
 * @param value elements of {@code A-Z a-z 0-9 - _ @} between single slashes, at most 3,072
 *     characters, 2,048 if relative; or {@code /} alone
 */
public record StorePath(String value) {

  /** {@code XENSTORE_ABS_PATH_MAX} in io/xs_wire.h. */
  private static final int MAX_LENGTH = 3072;

  /** {@code XENSTORE_REL_PATH_MAX} in io/xs_wire.h. */
  private static final int MAX_RELATIVE_LENGTH = 2048;

  /**
   * Checks the syntax, so that nobody else must.
   *
   * @throws IllegalArgumentException if the path has an empty element, a character that is not
   *     allowed, or is too long
   */
  public StorePath {
    int limit = value.startsWith("/") ? MAX_LENGTH : MAX_RELATIVE_LENGTH;
    if (value.length() > limit) {
      throw new IllegalArgumentException(
          "path too long: " + value.length() + " characters, at most " + limit);
    }
    if (!isPath(value)) {
      throw new IllegalArgumentException(
          "path \"" + value + "\" must be elements of A-Z a-z 0-9 - _ @ between single slashes");
    }
  }

  private static boolean isPath(String value) {
    if (value.equals("/")) {
      return true;
    }
    // Not a regular expression: a path of a thousand elements would exhaust the stack.
    char last = '/';
    for (int i = 0; i < value.length(); i++) {
      char next = value.charAt(i);
      if (next == '/' ? last == '/' && i > 0 : !isNameCharacter(next)) {
        return false;
      }
      last = next;
    }
    return last != '/';
  }

  private static boolean isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_'
        || c == '@';
  }

  /** Whether a daemon may have named a child so. */
  static boolean isName(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> isNameCharacter((char) c));
  }

  /**
   * A node below this one.
   *
   * @param name its name, or several with slashes between
   * @return this path with the name behind it
   * @throws IllegalArgumentException if that is not a path
   */
  public StorePath child(String name) {
    return new StorePath(value.equals("/") ? "/" + name : value + "/" + name);
  }

  @Override
  public String toString() {
    return value;
  }
}
