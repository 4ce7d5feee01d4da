// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command itself: its subcommands, and the options all of them take. */
@Command(
    name = "vchan",
    versionProvider = Version.class,
    subcommands = {
      DemoCommand.class,
      DemoPeerCommand.class,
      ListenCommand.class,
      ConnectCommand.class,
      SendCommand.class,
      ReceiveCommand.class,
      ForwardCommand.class,
      RunCommand.class,
      LsCommand.class,
      StatCommand.class,
      TopCommand.class,
      DoctorCommand.class,
      BenchCommand.class,
      CompletionCommand.class
    },
    description = {
      "Byte channels between Xen domains, or between processes that pose as domains, over shared"
          + " memory. Data on standard output, everything else on standard error."
    },
    footer = {
      "",
      "Examples:",
      "  vchan demo                          see it work and measure it",
      "  vchan listen 0 hello > copy         in one terminal, and",
      "  vchan connect 0 hello < file        in another",
      "  vchan forward tcp:6379 3 redis      a port of TCP to domain 3",
      "  vchan stat                          why does nothing move?",
      "  vchan -l 2 hello, vchan 1 hello     the same words as xencat"
    })
final class VchanCommand implements Runnable {

  @Spec private @Nullable CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // Picocli itself acts on it.
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  @SuppressWarnings("UnusedVariable") // Picocli itself acts on it.
  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show version, commit and Java.")
  private boolean version;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description =
          "Say also when the two sides have met and how much was moved, never the data. Twice:"
              + " stack traces of failures as well.")
  private boolean[] verbose = {};

  @Option(
      names = "--domid",
      paramLabel = "DOMID",
      scope = ScopeType.INHERIT,
      converter = Converters.Domain.class,
      description = "Own domain. Else $VCHAN_DOMID, else what Xen says, else 0.")
  private @Nullable DomainId domain;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      completionCandidates = Backends.class,
      scope = ScopeType.INHERIT,
      description =
          "xen: between Xen domains; local: between processes of this machine. Else"
              + " $VCHAN_BACKEND, else xen where it can be used.")
  private @Nullable String backend;

  @Option(
      names = "--read-size",
      paramLabel = "BYTES",
      scope = ScopeType.INHERIT,
      converter = Converters.Bytes.class,
      description =
          "Least size of the ring the listening side reads from, 0 to 1M. The listening side"
              + " chooses both sizes.")
  private @Nullable Long readSize;

  @Option(
      names = "--write-size",
      paramLabel = "BYTES",
      scope = ScopeType.INHERIT,
      converter = Converters.Bytes.class,
      description = "The same for the ring it writes to.")
  private @Nullable Long writeSize;

  /** Without a subcommand there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec().commandLine(), "a command is missing");
  }

  /** The address that operands name; wrong ones are wrong usage. */
  Address address(List<String> operands) {
    try {
      return Address.parse(operands);
    } catch (IllegalArgumentException e) {
      throw usage(e);
    }
  }

  /** A wrong operand or option, found after parsing. */
  ParameterException usage(IllegalArgumentException cause) {
    ParseResult parsed = spec().commandLine().getParseResult();
    while (parsed.hasSubcommand()) {
      parsed = parsed.subcommand();
    }
    return new ParameterException(
        parsed.commandSpec().commandLine(), String.valueOf(cause.getMessage()), cause);
  }

  private CommandSpec spec() {
    return Objects.requireNonNull(spec);
  }

  Console console() {
    return new Console(System.err, verbose.length);
  }

  boolean wantsTraces() {
    return verbose.length > 1 || System.getenv(Failures.TRACE_VARIABLE) != null;
  }

  /** Opens what the options and the environment name, or what suits this machine. */
  Backend openBackend() throws IOException {
    try {
      return Backends.open(backend, namedDomain(), console());
    } catch (IllegalArgumentException e) {
      throw usage(e);
    }
  }

  /**
   * Opens the backend between processes of this machine.
   *
   * @param otherwise what to say if another one was named
   */
  LocalBackend openLocalBackend(String otherwise) throws IOException {
    try {
      return Backends.openOnlyLocal(backend, namedDomain(), otherwise);
    } catch (IllegalArgumentException e) {
      throw usage(e);
    }
  }

  /**
   * Checks that channels between processes of this machine are meant.
   *
   * @param otherwise what to say if it is those of Xen
   */
  void checkLocal(String otherwise) throws CommandFailure {
    try {
      Backends.checkLocal(backend, console(), otherwise);
    } catch (IllegalArgumentException e) {
      throw usage(e);
    }
  }

  /** Own domain as the user has named it, by option or environment; null if not at all. */
  private @Nullable DomainId namedDomain() {
    String variable = System.getenv("VCHAN_DOMID");
    boolean none = domain == null && (variable == null || variable.isEmpty());
    return none ? null : ownDomain();
  }

  DomainId ownDomain() {
    if (domain != null) {
      return domain;
    }
    try {
      return LocalBackend.defaultDomain();
    } catch (IllegalArgumentException e) {
      throw usage(e);
    }
  }

  /** Who says which domain this is. */
  String ownDomainFrom() {
    if (domain != null) {
      return "--domid";
    }
    String named = System.getenv("VCHAN_DOMID");
    return named == null || named.isEmpty() ? "by default" : "$VCHAN_DOMID";
  }

  /** Channel options for a side that listens. */
  VchanOptions listenOptions(Backend opened) {
    return listenOptions(opened, VchanOptions.DEFAULTS);
  }

  /** Channel options for a side that listens, and has sizes of its own if none were chosen. */
  VchanOptions listenOptions(Backend opened, VchanOptions otherwise) {
    if (readSize == null && writeSize == null) {
      return otherwise;
    }
    RingSizes usual = opened.defaultSizes();
    return VchanOptions.DEFAULTS.withSizes(
        new RingSizes(
            size("--read-size", readSize, usual.readBytes()),
            size("--write-size", writeSize, usual.writeBytes())));
  }

  /** Channel options for a side that connects; it has no say in the sizes. */
  VchanOptions connectOptions() {
    if (readSize != null || writeSize != null) {
      // Checked all the same: a wrong value is wrong on either side.
      size("--read-size", readSize, 0);
      size("--write-size", writeSize, 0);
      console().say("ring sizes are chosen by the listening side; ignored here");
    }
    return VchanOptions.DEFAULTS;
  }

  private int size(String option, @Nullable Long bytes, int otherwise) {
    if (bytes == null) {
      return otherwise;
    }
    if (bytes < 0 || bytes > RingSizes.MAX_BYTES) {
      throw usage(
          new IllegalArgumentException(
              "%s %d: must be 0 to %d bytes".formatted(option, bytes, RingSizes.MAX_BYTES)));
    }
    return Math.toIntExact(bytes);
  }
}
