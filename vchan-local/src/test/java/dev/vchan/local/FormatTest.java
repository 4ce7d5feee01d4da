// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The examples of docs/local-transport.md, as they stand there. */
class FormatTest {

  private static final DomainId SERVER = DomainId.DOM0;
  private static final DomainId CLIENT = new DomainId(1);

  @Test
  void aHelloAndItsAnswerAreThoseOfTheDocument() {
    assertThat(hex(new Hello(Hello.OK, 1, 0, 77, 4711).encode()))
        .isEqualTo(
            "7663 6861 6e65 7674 0100 0000 0100 0000 4d00 0000 6712 0000 0000 0000 0000 0000"
                .replace(" ", ""));
    assertThat(hex(new Hello(Hello.OK, 0, 1, 4711, 77).encode()))
        .isEqualTo(
            "7663 6861 6e65 7674 0100 0000 0000 0100 6712 0000 4d00 0000 0000 0000 0000 0000"
                .replace(" ", ""));
  }

  @Test
  void theBytesOfLocksAreWhereTheDocumentSays() {
    assertThat(LockFile.grant(SERVER, 512)).isEqualTo(0x100000000000200L);
    assertThat(LockFile.grant(new DomainId(32751), -256)).isEqualTo(0x1007fefffffff00L);
    assertThat(LockFile.port(SERVER, 4711)).isEqualTo(0x200000000001267L);
    assertThat(LockFile.path(new RendezvousPath("/local/domain/0/data/vchan/1/demo")))
        .isEqualTo(0x3438199d6ec13a7L);
  }

  @Test
  void theKeysAreLinesAsInTheDocument() {
    Advertisement advertised = new Advertisement(new GrantRef(1934592256), new EventPort(77041823));
    assertThat(new String(Keys.encode(SERVER, CLIENT, advertised), StandardCharsets.US_ASCII))
        .isEqualTo(
            """
            .server=0
            .client=1
            .pid=%d
            ring-ref=1934592256
            event-channel=77041823
            """
                .formatted(ProcessHandle.current().pid()));
  }

  @Test
  void numbersStayWhereCPeersCanReadThem() {
    Numbers numbers = new Numbers();
    for (int i = 0; i < 1000; i++) {
      int first = numbers.nextFile();
      assertThat(first).isBetween(256, 2147483392);
      assertThat(first % 256).isZero();
      assertThat(numbers.nextPort()).isPositive();
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
