// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

/** Told how far a file has come. */
public interface Progress extends AutoCloseable {

  /** Makes one for each file. */
  interface Factory {
    /**
     * A file's transfer begins.
     *
     * @param name safe to print
     * @param size bytes of the whole file
     * @param start bytes that need not be transferred
     * @return told about this file only
     */
    Progress begin(String name, long size, long start);
  }

  /**
   * So many more bytes have been transferred.
   *
   * @param bytes since the last call
   */
  void advance(long bytes);

  @Override
  void close();
}
