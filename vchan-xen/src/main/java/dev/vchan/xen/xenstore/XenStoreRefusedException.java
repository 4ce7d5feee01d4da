// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

/** XenStore said no. Nothing was changed. */
public final class XenStoreRefusedException extends XenStoreException {

  private static final long serialVersionUID = 1;

  private final String resource;
  private final Errno errno;
  private final String remedy;

  /**
   * Makes the exception. The message reads {@code request resource: problem; remedy}.
   *
   * @param request what was asked, by the protocol's name
   * @param resource what it was about: as a rule, a path
   * @param errno what xenstored said
   * @param problem the same in words
   * @param remedy what the user can do
   */
  XenStoreRefusedException(
      String request, String resource, Errno errno, String problem, String remedy) {
    super(request + " " + resource + ": " + problem + "; " + remedy);
    this.resource = resource;
    this.errno = errno;
    this.remedy = remedy;
  }

  /**
   * What it was about.
   *
   * @return the path of the node, or what else was asked for
   */
  public String resource() {
    return resource;
  }

  /**
   * What xenstored said. As for Xen's own library, a name that is not known counts as {@link
   * Errno#EINVAL}; the message has the name.
   *
   * @return the error
   */
  public Errno errno() {
    return errno;
  }

  /**
   * What the user can do.
   *
   * @return a sentence for people
   */
  public String remedy() {
    return remedy;
  }
}
