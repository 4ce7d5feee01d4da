// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.DomainId;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How option values are read. What is wrong with a value is said with the value. */
final class Converters {

  private Converters() {}

  /** A number of bytes; K, M or G multiply by powers of 1024. */
  static final class Bytes implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      if (!text.matches("-?[0-9]{1,15}[KkMmGg]?")) {
        throw new TypeConversionException(
            "'" + text + "' is not a number of bytes, such as 4096, 64K, 1M or 2G");
      }
      int shift =
          switch (text.toUpperCase(Locale.ROOT).charAt(text.length() - 1)) {
            case 'K' -> 10;
            case 'M' -> 20;
            case 'G' -> 30;
            default -> 0;
          };
      long number = Long.parseLong(shift == 0 ? text : text.substring(0, text.length() - 1));
      if (number > Long.MAX_VALUE >> shift || number < Long.MIN_VALUE >> shift) {
        throw new TypeConversionException("'" + text + "' is too many bytes");
      }
      return number << shift;
    }
  }

  /** Seconds, with a fraction if need be. */
  static final class Seconds implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
        throw new TypeConversionException(
            "'" + text + "' is not a number of seconds, such as 5 or 0.5");
      }
      return Duration.ofNanos((long) (Double.parseDouble(text) * 1e9));
    }
  }

  /** Seconds, as long as it takes to see that nothing moves. */
  static final class Interval implements ITypeConverter<Duration> {

    static final Duration LEAST = Duration.ofMillis(300);

    @Override
    public Duration convert(String text) {
      Duration interval = new Seconds().convert(text);
      if (interval.compareTo(LEAST) < 0) {
        throw new TypeConversionException(
            "'" + text + "' is too short: in less than 0.3 seconds nothing can be told");
      }
      return interval;
    }
  }

  /** A domain id. */
  static final class Domain implements ITypeConverter<DomainId> {
    @Override
    public DomainId convert(String text) {
      try {
        return DomainId.parse(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
