// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/** The system has no more of something, or does not allow it. Nothing was left behind. */
public final class SystemRefusedException extends VchanException {

  private static final long serialVersionUID = 1;

  private final String resource;
  private final String remedy;

  /**
   * Makes the exception. The message reads {@code resource: problem; remedy}.
   *
   * @param resource what was asked for, by the name its administrator knows
   * @param problem what the system said, with the values
   * @param remedy what the user can do
   */
  public SystemRefusedException(String resource, String problem, String remedy) {
    super(resource + ": " + problem + "; " + remedy, 0);
    this.resource = resource;
    this.remedy = remedy;
  }

  /**
   * What could not be had.
   *
   * @return the name its administrator knows
   */
  public String resource() {
    return resource;
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
