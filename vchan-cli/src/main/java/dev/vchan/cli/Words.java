// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Lines without a command that are understood all the same: {@code help}, and what ocaml-vchan's
 * xencat takes, which is {@code -l DOMID PORT} for listen and {@code DOMID PORT} for connect.
 */
final class Words {

  private final CommandLine line;
  private final List<String> words;
  private final List<String> operands = new ArrayList<>();
  private boolean listens;

  private Words(CommandLine line, String... arguments) {
    this.line = line;
    this.words = new ArrayList<>(Arrays.asList(arguments));
  }

  /** The line with the command it means; as it is if it names one, or means none. */
  static String[] translate(CommandLine line, String... arguments) {
    Words words = new Words(line, arguments);
    return words.translate() ? words.words.toArray(String[]::new) : arguments;
  }

  private boolean translate() {
    if (!words.isEmpty() && words.getFirst().equals("help")) {
      words.removeFirst();
      words.add("--help");
      return true;
    }
    for (int i = 0; i < words.size(); i++) {
      i = look(i);
      if (!listens && operands.size() == 1 && isCommand(operands.getFirst())) {
        return false;
      }
    }
    if (listens) {
      words.addFirst("listen");
    } else if (operands.size() > 1 && Address.isDomain(operands.getFirst())) {
      words.addFirst("connect");
    } else {
      return false;
    }
    return true;
  }

  private boolean isCommand(String word) {
    return line.getSubcommands().containsKey(word);
  }

  /** Looks at a word, and says where the last one is that belongs to it. */
  private int look(int i) {
    String word = words.get(i);
    if (!word.startsWith("-") || word.equals("-")) {
      operands.add(word);
      return i;
    }
    if (word.startsWith("--")) {
      return takesValue(word) ? i + 1 : i;
    }
    for (int letter = 1; letter < word.length(); letter++) {
      if (takesValue("-" + word.charAt(letter))) {
        return letter == word.length() - 1 ? i + 1 : i;
      }
      if (word.charAt(letter) == 'l') {
        listens = true;
        String others = word.substring(0, letter) + word.substring(letter + 1);
        words.remove(i);
        if (others.equals("-")) {
          return i - 1;
        }
        words.add(i, others);
        return look(i);
      }
    }
    return i;
  }

  /** Of the options of listen, which has all those of connect. */
  private boolean takesValue(String option) {
    CommandLine listen = line.getSubcommands().get("listen");
    @Nullable OptionSpec found = listen == null ? null : listen.getCommandSpec().findOption(option);
    return found != null && found.arity().min() > 0;
  }
}
