// SPDX-License-Identifier: Apache-2.0

/// The vchan command.
module dev.vchan.cli {
  requires static org.jspecify;
  requires dev.vchan;
  requires dev.vchan.local;
  requires dev.vchan.xen;
  requires info.picocli;
  requires jdk.net;
  requires me.tongfei.progressbar;

  opens dev.vchan.cli to
      info.picocli;
}
