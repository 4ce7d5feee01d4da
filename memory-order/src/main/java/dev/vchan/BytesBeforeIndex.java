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
 * M2 and M4: who sees the producer index moved sees the byte before it. The results are what the
 * reader saw: how many bytes there are, and the byte.
 */
public class BytesBeforeIndex {

  /** The byte is copied in and out. */
  @JCStressTest
  @Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "Not published yet; the byte may be there.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Published, and the byte is there.")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "Published, but the byte is an old one.")
  @State
  public static class Copied extends SharedPage {
    private final ByteBuffer source = ByteBuffer.wrap(new byte[] {1});
    private final ByteBuffer target = ByteBuffer.wrap(new byte[1]);

    @Actor
    public void write() {
      writer.copyFrom(0, source, 1);
      writer.publish(1);
    }

    @Actor
    public void read(II_Result result) {
      result.r1 = look(reader);
      reader.copyTo(0, target, 1);
      result.r2 = target.get(0);
    }
  }

  /** The byte is written and read where it lies, as {@code view} allows. */
  @JCStressTest
  @Outcome(id = "0, [01]", expect = ACCEPTABLE, desc = "Not published yet; the byte may be there.")
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Published, and the byte is there.")
  @Outcome(id = "1, 0", expect = FORBIDDEN, desc = "Published, but the byte is an old one.")
  @State
  public static class InPlace extends SharedPage {
    @Actor
    public void write() {
      ring.put(0, (byte) 1);
      writer.publish(1);
    }

    @Actor
    public void read(II_Result result) {
      result.r1 = look(reader);
      result.r2 = ring.get(0);
    }
  }
}
