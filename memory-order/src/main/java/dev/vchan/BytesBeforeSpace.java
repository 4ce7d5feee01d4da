// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * M5 and M1: who sees the consumer index moved may overwrite the byte before it, which has then
 * been read. The ring is full of zeros; the writer puts a one where there is space. The results are
 * the space that the writer saw and the byte that the reader read.
 */
public class BytesBeforeSpace {

  /** The byte is copied out and in. */
  @JCStressTest
  @Outcome(id = "[01], 0", expect = ACCEPTABLE, desc = "The byte was read before its space was.")
  @Outcome(
      id = "[01], 1",
      expect = FORBIDDEN,
      desc = "The byte was overwritten before its reading.")
  @State
  public static class Copied extends SharedPage {
    private final ByteBuffer source = ByteBuffer.wrap(new byte[] {1});
    private final ByteBuffer target = ByteBuffer.wrap(new byte[1]);

    public Copied() {
      super(CAPACITY);
    }

    @Actor
    public void write(II_Result result) {
      result.r1 = look(writer);
      if (result.r1 > 0) {
        writer.copyFrom(0, source, 1);
      }
    }

    @Actor
    public void read(II_Result result) {
      reader.copyTo(0, target, 1);
      reader.release(1);
      result.r2 = target.get(0);
    }
  }

  /** The byte is read and written where it lies, as {@code view} allows. */
  @JCStressTest
  @Outcome(id = "[01], 0", expect = ACCEPTABLE, desc = "The byte was read before its space was.")
  @Outcome(
      id = "[01], 1",
      expect = FORBIDDEN,
      desc = "The byte was overwritten before its reading.")
  @State
  public static class InPlace extends SharedPage {
    public InPlace() {
      super(CAPACITY);
    }

    @Actor
    public void write(II_Result result) {
      result.r1 = look(writer);
      if (result.r1 > 0) {
        ring.put(0, (byte) 1);
      }
    }

    @Actor
    public void read(II_Result result) {
      result.r2 = ring.get(0);
      reader.release(1);
    }
  }
}
