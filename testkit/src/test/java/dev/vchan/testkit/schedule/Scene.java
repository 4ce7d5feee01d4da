// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

/**
 * The situations, and how many interruptions are gone through in all ways: in an ordinary build,
 * and with the large counts. A death counts as an interruption.
 */
enum Scene {
  ONE_WAY("Traffic.OneWay", 3, 3),
  PACKETS("Traffic.Packets", 2, 3),
  BOTH_WAYS("Traffic.BothWays", 2, 3),
  BOTH_WAYS_UNFENCED("Traffic.BothWaysUnfenced", 2, 3),
  SERVER_CLOSES("Traffic.ServerCloses", 1, 3),
  CLIENT_CLOSES("Traffic.ClientCloses", 1, 3),
  BOTH_CLOSE("Traffic.BothClose", 0, 2),
  WAITERS_ARE_CLOSED("Traffic.WaitersAreClosed", 0, 2),
  HALF_CLOSE("Traffic.HalfClose", 1, 3),
  PEER_DIES("Traffic.PeerDies", 1, 3),

  /** Too many threads for all orders of those that can go on: here they take turns. */
  EVERYBODY("Traffic.Everybody", 1, 2),

  MEETING("Meeting", 2, 3),
  MEETING_SERVER_IS_FIRST("Meeting.ServerIsFirst", 2, 3),
  MEETING_SERVER_DIES("Meeting.ServerDies", 1, 3),
  MEETING_CLIENT_DIES("Meeting.ClientDies", 1, 3),

  HOSTILE_OWN_INDICES("Hostile.OwnIndices", 2, 3),
  HOSTILE_IMPOSSIBLE_INDICES("Hostile.OwnIndicesImpossible", 2, 3),
  HOSTILE_ORDERS("Hostile.Orders", 2, 3);

  final String situation;
  final boolean inTurn;
  private final int ordinary;
  private final int large;

  Scene(String situation, int ordinary, int large) {
    this.situation = situation;
    this.ordinary = ordinary;
    this.large = large;
    this.inTurn = situation.equals("Traffic.Everybody");
  }

  int interruptions(boolean full) {
    return full ? large : ordinary;
  }
}
