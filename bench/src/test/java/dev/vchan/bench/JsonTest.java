// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of results. */
class JsonTest {

  @Test
  void whatIsWrittenIsRead() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("text", "quotes \" and \\ and\nlines, \u0001 and é");
    map.put("numbers", List.of(0.0, -1.5, 1e-7, 123456.0, 1e14));
    map.put("nested", List.of(Map.of("a", true), Map.of("b", false)));
    map.put("empty", List.of());
    map.put("none", Map.of());
    assertThat(Json.parse(Json.write(map))).isEqualTo(map);
    assertThat(Json.parse(Json.write(Arrays.asList(1.0, null))))
        .isEqualTo(Arrays.asList(1.0, null));
  }

  @Test
  void whatOthersWriteIsRead() {
    assertThat(Json.parse(" { \"a\\u0041\\t\" : [ 1 , -2.5e1, null ] } "))
        .isEqualTo(Map.of("aA\t", Arrays.asList(1.0, -25.0, null)));
  }

  @Test
  void numbersKeepSixDigits() {
    assertThat(Json.write(1234.56789)).isEqualTo("1234.57\n");
    assertThatThrownBy(() -> Json.write(Double.NaN)).hasMessageContaining("NaN");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "{", "[1,", "[1 2]", "{\"a\"}", "\"open", "\"\\u00", "tru", "1x", "{} {}", "-"
      })
  void whatIsNotJsonIsRefusedWithThePlace(String text) {
    assertThatThrownBy(() -> Json.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at character");
  }
}
