// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** What a process of this command ends with. */
final class ExitCodes {

  static final int DONE = 0;
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int TIMEOUT = 3;
  static final int PEER = 4;

  /** 128 + SIGINT, as shells report it. The JVM ends so by itself. */
  static final int INTERRUPTED = 130;

  /** 128 + SIGPIPE: whoever read our standard output has gone. */
  static final int PIPE = 141;

  private ExitCodes() {}

  /** For the help texts. */
  static Map<String, String> table() {
    Map<String, String> table = new LinkedHashMap<>();
    table.put(" " + DONE, "done");
    table.put(" " + FAILED, "failed: the message says what, and what to do");
    table.put(" " + USAGE, "wrong usage");
    table.put(" " + TIMEOUT, "the other side did not come, or did not go on, in time");
    table.put(" " + PEER, "the other side closed early, died, refused, or broke the protocol");
    table.put("" + INTERRUPTED, "interrupted (Ctrl-C); 129 if by SIGHUP, 143 if by SIGTERM");
    table.put("" + PIPE, "nobody reads standard output any more");
    return table;
  }
}
