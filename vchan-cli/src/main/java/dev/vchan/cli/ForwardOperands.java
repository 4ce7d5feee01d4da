// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.cli.forward.SocketName;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The two ends that are joined, and which of them clients come to.
 *
 * @param address where channels are
 * @param socket where sockets are; empty for standard input and output
 * @param fromSocket whether clients come to the socket; else they come over channels
 * @param asProxy whether all this was said in the words of vchan-socket-proxy
 */
record ForwardOperands(
    Address address, Optional<SocketName> socket, boolean fromSocket, boolean asProxy) {

  /** What vchan-socket-proxy's {@code --mode} says of the channel. */
  enum Mode {
    client,
    server
  }

  private static final String STANDARD_STREAMS = "-";

  /**
   * Reads operands: {@code SOCKET [DOMID] PORT}, where clients come to the socket, {@code [DOMID]
   * PORT SOCKET}, where they come over channels, or {@code DOMID NODEPATH SOCKET} as
   * vchan-socket-proxy has them, where the mode says it.
   *
   * @param mode null if it was not given
   * @throws IllegalArgumentException if they are none of these, or malformed
   */
  static ForwardOperands parse(List<String> operands, @Nullable Mode mode) {
    if (mode != null || isProxys(operands)) {
      return proxys(operands, mode == null ? Mode.client : mode);
    }
    boolean fromSocket = !operands.isEmpty() && SocketName.isMeant(operands.getFirst());
    boolean toSocket = !operands.isEmpty() && SocketName.isMeant(operands.getLast());
    if (fromSocket == toSocket) {
      throw new IllegalArgumentException(
          "expected SOCKET [DOMID] PORT or [DOMID] PORT SOCKET, with a socket as in tcp:6379 or"
              + " unix:/run/x.sock, but there is "
              + operands);
    }
    int last = operands.size() - 1;
    List<String> channel = fromSocket ? operands.subList(1, last + 1) : operands.subList(0, last);
    SocketName socket = SocketName.parse(fromSocket ? operands.getFirst() : operands.getLast());
    return new ForwardOperands(Address.parse(channel), Optional.of(socket), fromSocket, false);
  }

  /** Three operands, of which none could be one of our sockets, and the second is a path. */
  private static boolean isProxys(List<String> operands) {
    return operands.size() == 3
        && Address.isDomain(operands.getFirst())
        && operands.get(1).startsWith("/")
        && !SocketName.isMeant(operands.getLast());
  }

  private static ForwardOperands proxys(List<String> operands, Mode mode) {
    if (operands.size() != 3) {
      throw new IllegalArgumentException(
          "with --mode the operands are DOMID NODEPATH SOCKET, but there is " + operands);
    }
    return new ForwardOperands(
        Address.parse(operands.subList(0, 2)),
        proxysSocket(operands.getLast()),
        mode == Mode.client,
        true);
  }

  private static Optional<SocketName> proxysSocket(String operand) {
    if (operand.equals(STANDARD_STREAMS)) {
      return Optional.empty();
    }
    if (operand.matches("[0-9]+")) {
      return Optional.of(SocketName.descriptor(operand));
    }
    return Optional.of(
        SocketName.isMeant(operand) ? SocketName.parse(operand) : SocketName.unix(operand));
  }
}
