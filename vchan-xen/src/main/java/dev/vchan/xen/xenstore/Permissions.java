// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.DomainId;
import java.util.ArrayList;
import java.util.List;

/**
 * Who may use a node. Its owner and dom0 always may; any other domain gets what the first grant to
 * it says, or, if none does, what all others get. Immutable.
 *
 * @param owner the domain that may do everything, and that the node counts for
 * @param others what domains get that are not named
 * @param grants what single domains get, in order
 */
public record Permissions(DomainId owner, Access others, List<Grant> grants) {

  /** What a domain may do with a node. */
  public enum Access {
    /** Nothing. */
    NONE('n'),
    /** Read it. */
    READ('r'),
    /** Write it, but not read it. */
    WRITE('w'),
    /** Read and write it. */
    READ_WRITE('b');

    private final char letter;

    Access(char letter) {
      this.letter = letter;
    }

    private static Access of(char letter) {
      return switch (letter) {
        case 'r' -> READ;
        case 'w' -> WRITE;
        case 'b' -> READ_WRITE;
        default -> NONE;
      };
    }
  }

  /**
   * What one domain may do.
   *
   * @param domain the domain
   * @param access what it may do
   */
  public record Grant(DomainId domain, Access access) {
    @Override
    public String toString() {
      return access.letter + domain.toString();
    }
  }

  /** Keeps the grants from changing. */
  public Permissions {
    grants = List.copyOf(grants);
  }

  /**
   * A node for its owner alone.
   *
   * @param owner who may use it, beside dom0
   * @return permissions without a grant
   */
  public static Permissions of(DomainId owner) {
    return new Permissions(owner, Access.NONE, List.of());
  }

  /**
   * The same, and one grant more.
   *
   * @param domain who gets it
   * @param access what it may do then
   * @return these permissions with the grant behind the others
   */
  public Permissions granting(DomainId domain, Access access) {
    List<Grant> more = new ArrayList<>(grants);
    more.add(new Grant(domain, access));
    return new Permissions(owner, others, more);
  }

  /** As they are sent: the first entry names the owner and what others get (xs.txt, SET_PERMS). */
  List<String> toWire() {
    List<String> entries = new ArrayList<>();
    entries.add(new Grant(owner, others).toString());
    grants.forEach(grant -> entries.add(grant.toString()));
    return entries;
  }

  /** Reads what a daemon sent. */
  static Permissions fromWire(List<String> entries) throws Message.Malformed {
    if (entries.isEmpty()) {
      throw new Message.Malformed("no permissions");
    }
    List<Grant> read = new ArrayList<>();
    for (String entry : entries) {
      read.add(grant(entry));
    }
    Grant first = read.getFirst();
    return new Permissions(first.domain, first.access, read.subList(1, read.size()));
  }

  private static Grant grant(String entry) throws Message.Malformed {
    if (entry.matches("[nrwb][0-9]{1,5}")) {
      int domain = Integer.parseInt(entry.substring(1));
      if (domain < DomainId.FIRST_RESERVED) {
        return new Grant(new DomainId(domain), Access.of(entry.charAt(0)));
      }
    }
    throw new Message.Malformed("not a permission: \"" + entry + '"');
  }

  /** As Xen's tools write them, for example {@code n5 r6}. */
  @Override
  public String toString() {
    return String.join(" ", toWire());
  }
}
