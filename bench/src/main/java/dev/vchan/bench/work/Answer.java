// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** The line with which one side answers: numbers by name, or why it failed. */
public final class Answer {

  private static final String OK = "ok";

  private final Map<String, Long> numbers = new LinkedHashMap<>();

  /** Begins an answer without numbers. */
  public Answer() {}

  /**
   * Adds a number.
   *
   * @param name a word
   * @param value its value
   * @return this
   */
  public Answer with(String name, long value) {
    numbers.put(name, value);
    return this;
  }

  /**
   * Looks a number up.
   *
   * @param name a word
   * @return its value, or -1 if it was not said
   */
  public long get(String name) {
    return numbers.getOrDefault(name, -1L);
  }

  /**
   * Reads what follows the side's name in a line.
   *
   * @param text as written by {@link #toString}
   * @return the answer
   * @throws IllegalArgumentException if it is a failure, or no answer at all
   */
  public static Answer parse(String text) {
    String[] words = text.split(" ", -1);
    if (!words[0].equals(OK)) {
      throw new IllegalArgumentException(text);
    }
    Answer answer = new Answer();
    for (int i = 1; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException(text);
      }
      answer.with(words[i].substring(0, equals), Long.parseLong(words[i].substring(equals + 1)));
    }
    return answer;
  }

  @Override
  public String toString() {
    return numbers.entrySet().stream()
        .map(entry -> " " + entry.getKey() + "=" + entry.getValue())
        .collect(Collectors.joining("", OK, ""));
  }
}
