// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import java.util.List;

/**
 * The operands {@code [DOMID] PORT}: the peer's domain, and what it and we agree on.
 *
 * @param peer the other domain, 0 if left out
 * @param port a port name, or a whole path if it begins with a slash
 */
record Address(DomainId peer, String port) {

  /** Text of help pages. */
  static final String OPERANDS =
      "DOMID is the other side's domain, 0 if left out. PORT is a name of A-Z a-z 0-9 _ -, or a"
          + " whole rendezvous path if it begins with /.";

  /**
   * Checks both.
   *
   * @throws IllegalArgumentException if the port is neither a name nor a path
   */
  Address {
    if (isPath(port)) {
      new RendezvousPath(port);
    } else {
      new PortName(port);
    }
  }

  /**
   * Reads one or two operands.
   *
   * @throws IllegalArgumentException if they are none, too many or malformed
   */
  static Address parse(List<String> operands) {
    return switch (operands.size()) {
      case 1 -> new Address(DomainId.DOM0, operands.getFirst());
      case 2 -> new Address(DomainId.parse(operands.getFirst()), operands.getLast());
      default ->
          throw new IllegalArgumentException(
              "expected [DOMID] PORT, but there are " + operands.size() + " operands: " + operands);
    };
  }

  /** Whether an operand can only be a domain id. */
  static boolean isDomain(String operand) {
    return operand.matches("[0-9]+");
  }

  private static boolean isPath(String port) {
    return port.startsWith("/");
  }

  /**
   * Where the two meet.
   *
   * @throws IllegalArgumentException if the path would be too long for C peers
   */
  RendezvousPath path(DomainId server, DomainId client) {
    return isPath(port)
        ? new RendezvousPath(port)
        : RendezvousPath.of(server, client, new PortName(port));
  }
}
