// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * Where a server advertises a vchan and its client looks for it: a XenStore path, in every backend.
 *
 * <p>The convention of {@code libxenvchan.h} (lines 34-35) is {@code
 * /local/domain/<server>/data/vchan/<client>/<port>}, with the leaves {@code ring-ref} and {@code
 * event-channel} below it.
 *
 * @param value an absolute XenStore path of at most 3,072 characters
 */
public record RendezvousPath(String value) {

  /** Longest absolute path XenStore takes, {@code XENSTORE_ABS_PATH_MAX} in io/xs_wire.h. */
  public static final int MAX_LENGTH = 3072;

  /**
   * Longest path that libxenvchan handles: it formats {@code <path>/event-channel} into 64 bytes
   * and silently cuts what does not fit (tools/libs/vchan/init.c, {@code char buf[64]}).
   */
  public static final int MAX_C_LENGTH = 49;

  /**
   * Checks the syntax XenStore asks for (docs/misc/xenstore.txt). The length that libxenvchan can
   * handle is checked by {@link #of} alone: whoever writes a path out may exceed it knowingly.
   *
   * @throws IllegalArgumentException if the path is not absolute, holds an empty element, a
   *     character other than {@code A-Z a-z 0-9 - _ @ /}, or is too long
   */
  public RendezvousPath {
    if (value.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "path too long: " + value.length() + " characters, at most " + MAX_LENGTH);
    }
    // Possessive: matching the longest path must not take a stack as deep as that.
    if (!value.matches("(/[A-Za-z0-9_@-]++)++")) {
      throw new IllegalArgumentException(
          "path \""
              + value
              + "\" must begin with / and consist of elements of A-Z a-z 0-9 - _ @ between single"
              + " slashes");
    }
  }

  /**
   * The conventional path.
   *
   * @param server the domain that donates the memory and advertises
   * @param client the domain that may connect
   * @param port the name both know
   * @return the path
   * @throws IllegalArgumentException if the path exceeds {@value #MAX_C_LENGTH} characters, which C
   *     peers would truncate; a longer path can be had by writing it out
   */
  public static RendezvousPath of(DomainId server, DomainId client, PortName port) {
    String base = "/local/domain/" + server + "/data/vchan/" + client + "/";
    String path = base + port;
    if (path.length() > MAX_C_LENGTH) {
      throw new IllegalArgumentException(
          "port name \""
              + port
              + "\" of "
              + port.value().length()
              + " characters is too long: libxenvchan peers truncate paths over "
              + MAX_C_LENGTH
              + " characters, which leaves "
              + (MAX_C_LENGTH - base.length())
              + " for the name; shorten it, or give the whole path ("
              + path
              + ")");
    }
    return new RendezvousPath(path);
  }

  @Override
  public String toString() {
    return value;
  }
}
