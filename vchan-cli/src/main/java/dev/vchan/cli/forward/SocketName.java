// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A socket as it is written in operands: {@code tcp:PORT}, {@code tcp:HOST:PORT}, {@code
 * tcp:[IPV6]:PORT}, {@code unix:PATH} or {@code fd:NUMBER}. The {@code tcp:} may be left out where
 * a host is named.
 */
public sealed interface SocketName {

  /** Room for a path in {@code struct sockaddr_un}, without the NUL at its end. */
  int MAX_PATH_BYTES = 107;

  /** Where a TCP socket is that names no host. */
  String LOOPBACK = "127.0.0.1";

  /** Stands for every address of this machine. */
  String EVERYWHERE = "*";

  /** Perhaps an address of IPv6 in brackets, or perhaps another host; and a port. */
  Pattern TCP =
      Pattern.compile(
          "(?:(?:\\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[^]]+)?)]|([^:\\[\\]]+)):)?([0-9]{1,5})");

  /**
   * A TCP socket.
   *
   * @param host name or address, {@link #EVERYWHERE} if it listens at all of them
   * @param port 0 to 65535; 0 lets the system choose where it listens
   */
  record Tcp(String host, int port) implements SocketName {
    @Override
    public String toString() {
      return "tcp:" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
  }

  /**
   * A Unix-domain socket.
   *
   * @param path its file
   */
  record Unix(Path path) implements SocketName {
    @Override
    public String toString() {
      return "unix:" + path;
    }
  }

  /**
   * A socket that this process was started with.
   *
   * @param number of the descriptor
   */
  record Descriptor(int number) implements SocketName {
    @Override
    public String toString() {
      return "fd:" + number;
    }
  }

  /**
   * Whether an operand can only be a socket: no name of a domain, a port or a path has a colon.
   *
   * @param word the operand
   * @return whether {@link #parse} is the one to read it
   */
  static boolean isMeant(String word) {
    return word.contains(":") && !word.startsWith("/");
  }

  /**
   * Reads an operand.
   *
   * @param word the operand
   * @return the socket
   * @throws IllegalArgumentException if it is malformed; says how it is written
   */
  static SocketName parse(String word) {
    int colon = word.indexOf(':');
    String rest = word.substring(colon + 1);
    return switch (word.substring(0, Math.max(colon, 0))) {
      case "unix" -> unix(rest);
      case "fd" -> descriptor(rest);
      case "tcp" -> tcp(word, rest);
      default -> tcp(word, word);
    };
  }

  /**
   * A Unix-domain socket at a path.
   *
   * @param path its file
   * @return the socket
   * @throws IllegalArgumentException if the path is empty or too long for a socket
   */
  static SocketName unix(String path) {
    int bytes = path.getBytes(UTF_8).length;
    if (bytes == 0 || bytes > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          "unix:%s: the path of a socket has 1 to %d bytes, this one %d"
              .formatted(path, MAX_PATH_BYTES, bytes));
    }
    return new Unix(Path.of(path));
  }

  /**
   * A descriptor of this process.
   *
   * @param number in decimal digits
   * @return the socket
   * @throws IllegalArgumentException if it is not a number
   */
  static SocketName descriptor(String number) {
    if (!number.matches("[0-9]{1,4}")) {
      throw new IllegalArgumentException(
          "fd:" + number + ": must be the number of a descriptor, such as fd:3");
    }
    return new Descriptor(Integer.parseInt(number));
  }

  private static SocketName tcp(String word, String address) {
    Matcher parts = TCP.matcher(address);
    if (!parts.matches()) {
      boolean bare = word.chars().filter(character -> character == ':').count() > 2;
      throw new IllegalArgumentException(
          "not a socket: \"%s\"; write tcp:PORT, tcp:HOST:PORT or unix:PATH%s"
              .formatted(word, bare ? ", and an IPv6 address as in tcp:[::1]:PORT" : ""));
    }
    int port = Integer.parseInt(parts.group(3));
    if (port > 65535) {
      throw new IllegalArgumentException(word + ": a TCP port is at most 65535");
    }
    String literal = parts.group(1);
    String name = parts.group(2);
    return new Tcp(literal != null ? literal : name != null ? name : LOOPBACK, port);
  }
}
