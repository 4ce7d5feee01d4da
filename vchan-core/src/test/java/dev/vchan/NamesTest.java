// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, numbers and sizes: what their syntax lets in, and what it keeps out. */
class NamesTest {

  private static final DomainId SERVER = new DomainId(12);
  private static final DomainId CLIENT = new DomainId(345);

  @ParameterizedTest
  @ValueSource(strings = {"a", "A-Z_9", "nineteen-characters", "0", "-"})
  void portNamesHaveOcamlVchansAlphabet(String name) {
    assertThat(new PortName(name)).hasToString(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a/b", "a.b", "a b", "ä", "a\n", "\0", "a@b", "٣"})
  void otherPortNamesAreRefused(String name) {
    assertThatThrownBy(() -> new PortName(name)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void conventionalPathsAreAsLongAsLibxenvchanCanHandle() {
    String base = "/local/domain/12/data/vchan/345/";
    String longest = "x".repeat(RendezvousPath.MAX_C_LENGTH - base.length());
    assertThat(RendezvousPath.of(SERVER, CLIENT, new PortName(longest)).value())
        .isEqualTo(base + longest)
        .hasSize(49);
    assertThatThrownBy(() -> RendezvousPath.of(SERVER, CLIENT, new PortName(longest + "x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("leaves " + longest.length() + " for the name");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/a", "/a/b", "/local/domain/0/data/vchan/0/@x", "/A-Z_9"})
  void pathsHaveXenstoresSyntax(String path) {
    assertThat(new RendezvousPath(path)).hasToString(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "a", "//a", "/a/", "/a//b", "/a b", "/a.b", "/..", "/a\n"})
  void otherPathsAreRefused(String path) {
    assertThatThrownBy(() -> new RendezvousPath(path)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void pathsEndAtXenstoresLimit() {
    String longest = "/" + "x".repeat(RendezvousPath.MAX_LENGTH - 1);
    assertThat(new RendezvousPath(longest).value()).hasSize(3072);
    assertThatThrownBy(() -> new RendezvousPath(longest + "x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3073");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "7", "32751", "00012"})
  void domainIdsAreDecimal(String text) {
    assertThat(DomainId.parse(text).value()).isEqualTo(Integer.parseInt(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "+1", "0x1", "32752", "65536", "99999999999", "1 ", "١"})
  void otherDomainIdsAreRefused(String text) {
    assertThatThrownBy(() -> DomainId.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, (1 << 20) + 1, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void sizesOutOfRangeAreRefusedWithTheirValue(int bytes) {
    assertThatThrownBy(() -> new RingSizes(0, bytes))
        .hasMessageContaining("write ring", "" + bytes);
    assertThatThrownBy(() -> new RingSizes(bytes, 0)).hasMessageContaining("read ring", "" + bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "4294967295", "0000000008", "17\n", "17\0"})
  void advertisedValuesAreDecimalNumbersOf32Bits(String text) {
    int value = (int) Long.parseLong(text.strip().replace("\0", ""));
    assertThat(Advertisement.parse(text, "9"))
        .contains(new Advertisement(new GrantRef(value), new EventPort(9)));
    assertThat(Advertisement.parse("9", text))
        .contains(new Advertisement(new GrantRef(9), new EventPort(value)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "-1",
        "+1",
        "4294967296",
        "99999999999",
        "12abc",
        "0x10",
        "1_000",
        "0b1",
        " 1",
        "1 ",
        "1\n\n",
        "\n",
        "1\0\0",
        "١",
        "1\r\n"
      })
  void otherAdvertisedValuesAreNoAdvertisement(String text) {
    assertThat(Advertisement.parse(text, "9")).isEmpty();
    assertThat(Advertisement.parse("9", text)).isEmpty();
    assertThat(Advertisement.parse(text + "9".repeat(4096), "9")).isEmpty();
  }
}
