// SPDX-License-Identifier: Apache-2.0
/** Xen's vchan protocol: a fast bidirectional byte channel over shared memory. */
module dev.vchan {
  requires static org.jspecify;

  exports dev.vchan;
  exports dev.vchan.spi;
  exports dev.vchan.inprocess;
}
