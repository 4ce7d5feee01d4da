// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.xen.xenstore.Permissions.Access;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths, permissions, and the places where xenstored is looked for. */
class StoreValuesTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/a", "/local/domain/0/data/vchan/5/x-y_Z", "data/vchan", "@releaseDomain"})
  void pathsThatXenStoreTakes(String path) {
    assertThat(new StorePath(path)).hasToString(path);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "//", "/a/", "a/", "/a//b", "/a b", "/a\0", "/ä", "/a.b", "/a*"})
  void pathsThatItDoesNot(String path) {
    assertThatIllegalArgumentException().isThrownBy(() -> new StorePath(path));
  }

  @Test
  void aPathHasItsLongestLength() {
    assertThat(new StorePath("/" + "a".repeat(3071)).value()).hasSize(3072);
    assertThat(new StorePath("a".repeat(2048)).value()).hasSize(2048);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new StorePath("/" + "a".repeat(3072)))
        .withMessageContaining("3073")
        .withMessageContaining("3072");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new StorePath("a".repeat(2049)))
        .withMessageContaining("2048");
  }

  @Test
  void aChildIsBelow() {
    assertThat(new StorePath("/").child("a")).hasToString("/a");
    assertThat(new StorePath("/a").child("b/c")).hasToString("/a/b/c");
    assertThat(new StorePath("data").child("b")).hasToString("data/b");
    assertThatIllegalArgumentException().isThrownBy(() -> new StorePath("/a").child(""));
  }

  @Test
  void permissionsAreWrittenAsXensToolsDo() throws Exception {
    Permissions permissions =
        Permissions.of(new DomainId(5))
            .granting(new DomainId(6), Access.READ)
            .granting(new DomainId(7), Access.READ_WRITE);
    assertThat(permissions).hasToString("n5 r6 b7");
    assertThat(Permissions.fromWire(permissions.toWire())).isEqualTo(permissions);
    assertThat(Permissions.fromWire(List.of("w0")))
        .isEqualTo(new Permissions(DomainId.DOM0, Access.WRITE, List.of()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "n", "x5", "5", "n-1", "n5 ", "n32752", "n123456", "nn5"})
  void whatIsNoPermission(String entry) {
    assertThatThrownBy(() -> Permissions.fromWire(List.of(entry)))
        .isInstanceOf(Message.Malformed.class);
    assertThatThrownBy(() -> Permissions.fromWire(List.of("n5", entry)))
        .isInstanceOf(Message.Malformed.class);
  }

  @Test
  void thereIsNoNodeWithoutPermissions() {
    assertThatThrownBy(() -> Permissions.fromWire(List.of())).isInstanceOf(Message.Malformed.class);
  }

  @Test
  void xenstoredIsLookedForWhereXensLibraryDoes() {
    assertThat(Places.of(Map.of()))
        .containsExactly(
            Path.of("/run/xenstored/socket"),
            Path.of("/var/run/xenstored/socket"),
            Path.of("/dev/xen/xenbus"),
            Path.of("/proc/xen/xenbus"));
    assertThat(Places.of(Map.of("XENSTORED_RUNDIR", "/r")))
        .startsWith(Path.of("/r/socket"), Path.of("/dev/xen/xenbus"));
    assertThat(Places.of(Map.of("XENSTORED_RUNDIR", "/r", "XENSTORED_PATH", "/p")))
        .containsExactly(Path.of("/p"));
  }
}
