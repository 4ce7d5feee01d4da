// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

/**
 * What traffic between libxenvchan and a partner has cost.
 *
 * @param sent events sent by the partner
 * @param askedFor events sent by libxenvchan, because the partner had asked for them
 * @param unmasked how often either side has let a port deliver again, where that is counted
 */
record Cost(long sent, long askedFor, long unmasked) {

  /** Tells what it has cost so far. */
  interface Counter {
    Cost soFar() throws Exception;
  }

  long events() {
    return sent + askedFor;
  }

  /** To let a port deliver again is a hypercall if an event has come meanwhile: at most so many. */
  long hypercalls() {
    return events() + unmasked;
  }

  Cost minus(Cost before) {
    return new Cost(sent - before.sent, askedFor - before.askedFor, unmasked - before.unmasked);
  }
}
