// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Writes JSON (RFC 8259): of maps, lists, texts, numbers and truth values. */
final class Json {

  private final StringBuilder text = new StringBuilder();

  private Json() {}

  /** Writes a value in one line. */
  static String write(Object value) {
    Json json = new Json();
    json.append(value);
    return json.text.toString();
  }

  private void append(Object value) {
    switch (value) {
      case Map<?, ?> object -> {
        text.append('{');
        for (Iterator<? extends Map.Entry<?, ?>> i = object.entrySet().iterator(); i.hasNext(); ) {
          Map.Entry<?, ?> member = i.next();
          quote(member.getKey().toString());
          text.append(':');
          append(member.getValue());
          text.append(i.hasNext() ? "," : "");
        }
        text.append('}');
      }
      case List<?> array -> {
        text.append('[');
        for (Iterator<?> i = array.iterator(); i.hasNext(); ) {
          append(i.next());
          text.append(i.hasNext() ? "," : "");
        }
        text.append(']');
      }
      case Double number -> text.append(String.format(Locale.ROOT, "%.3f", number));
      case Number number -> text.append(number);
      case Boolean truth -> text.append(truth);
      default -> quote(value.toString());
    }
  }

  private void quote(String words) {
    text.append('"');
    for (int i = 0; i < words.length(); i++) {
      char c = words.charAt(i);
      switch (c) {
        case '"' -> text.append("\\\"");
        case '\\' -> text.append("\\\\");
        default -> {
          if (c >= ' ' && c <= '~') {
            text.append(c);
          } else {
            text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          }
        }
      }
    }
    text.append('"');
  }
}
