// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.Arrays;
import java.util.StringJoiner;

/**
 * The decisions of one run that were not simply to go on, each with its moment: what repeats the
 * run. Written {@code 17:1,40:2}.
 */
final class Picks {

  private int[] moments = new int[64];
  private int[] picks = new int[64];
  private int size;

  static Picks parse(String text) {
    Picks result = new Picks();
    for (String one : text.split(",")) {
      if (!one.isEmpty()) {
        int colon = one.indexOf(':');
        result.add(
            Integer.parseInt(one.substring(0, colon)), Integer.parseInt(one.substring(colon + 1)));
      }
    }
    return result;
  }

  void add(int moment, int pick) {
    if (size == moments.length) {
      moments = Arrays.copyOf(moments, 2 * size);
      picks = Arrays.copyOf(picks, 2 * size);
    }
    moments[size] = moment;
    picks[size] = pick;
    size++;
  }

  int at(int moment) {
    int index = Arrays.binarySearch(moments, 0, size, moment);
    return index < 0 ? 0 : picks[index];
  }

  void clear() {
    size = 0;
  }

  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(",");
    for (int i = 0; i < size; i++) {
      text.add(moments[i] + ":" + picks[i]);
    }
    return text.toString();
  }
}
