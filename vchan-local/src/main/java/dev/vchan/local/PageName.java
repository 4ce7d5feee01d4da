// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.GrantRef;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the name of a file of pages says: {@code <ref>.<client>}, and behind that, for a control
 * page that is taken, the path at which it was advertised, with dots for slashes. No client looks
 * for that one.
 *
 * @param owner the domain that shares the pages
 * @param first reference of the first page
 * @param client the domain that may map them
 * @param path where the page was advertised, if it is taken
 */
record PageName(DomainId owner, GrantRef first, DomainId client, Optional<RendezvousPath> path) {

  private static final Pattern FORM =
      Pattern.compile("(0|[1-9][0-9]{0,9})\\.(0|[1-9][0-9]{0,4})((\\.[A-Za-z0-9_@-]+)*)");

  private static final Pattern DOMAIN = Pattern.compile("0|[1-9][0-9]{0,4}");

  /**
   * Reads a name.
   *
   * @param directory the name of the directory it is in
   * @return empty if these are not names of the format
   */
  static Optional<PageName> parse(String directory, String name) {
    Matcher found = FORM.matcher(name);
    if (!found.matches() || !DOMAIN.matcher(directory).matches()) {
      return Optional.empty();
    }
    long first = Long.parseLong(found.group(1));
    String path = found.group(3);
    if (first > 0xFFFF_FFFFL) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new PageName(
              DomainId.parse(directory),
              new GrantRef((int) first),
              DomainId.parse(found.group(2)),
              path.isEmpty()
                  ? Optional.empty()
                  : Optional.of(new RendezvousPath(path.replace('.', '/')))));
    } catch (IllegalArgumentException e) {
      // A number that no domain has.
      return Optional.empty();
    }
  }

  /** What a name gets behind it when the page is taken. Elements of a path have no dots. */
  static String suffix(RendezvousPath path) {
    return path.value().replace('/', '.');
  }

  /** The byte of the file of locks that says whether the owner is alive. */
  long lock() {
    return LockFile.grant(owner, first.value());
  }
}
