// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

/** One colour for each contestant, the same in every picture: ours are blue and full lines. */
final class Colours {

  private Colours() {}

  static String of(Rival rival) {
    return switch (rival) {
      case VCHAN -> "#0b4fd0";
      case VIRTUAL -> "#3f8cff";
      case POLLING -> "#00a3c7";
      case ZERO_COPY -> "#5a3fd6";
      case BATCHED -> "#0f7fa8";
      case VCHAN_LIBC -> "#0b3fae";
      case ZERO_COPY_LIBC -> "#9a86e8";
      case IN_PROCESS -> "#8aa8ff";
      case LIBXENVCHAN -> "#d62728";
      case LIBXENVCHAN_POLLED -> "#ff7f7f";
      case UNIX_C -> "#2a8f2a";
      case UNIX_JAVA -> "#77c043";
      case UNIX_VIRTUAL -> "#b5d99c";
      case PIPE -> "#b8860b";
      case TCP -> "#8c564b";
      case AGRONA -> "#e377c2";
      case AERON -> "#ff7f0e";
      case MEMCPY -> "#222222";
      case EVENT -> "#777777";
    };
  }

  /** How its line is broken, for those who cannot tell colours apart; ours is not. */
  static String dashes(Rival rival) {
    if (rival.isOurs()) {
      return "";
    }
    return rival == Rival.MEMCPY ? " stroke-dasharray=\"2 4\"" : " stroke-dasharray=\"7 3\"";
  }
}
