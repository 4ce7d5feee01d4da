// SPDX-License-Identifier: Apache-2.0

/// The vchan protocol.
module dev.vchan {
  requires static org.jspecify;

  exports dev.vchan;
  exports dev.vchan.inprocess;
  exports dev.vchan.spi;
}
