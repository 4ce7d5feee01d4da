// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveProcess;
import java.util.Optional;

/**
 * A channel, over the time since the last report.
 *
 * @param channel as it was last
 * @param server the process that shares its page, if it can be seen
 * @param client the process that has mapped it
 * @param serverMissing whether the page says that the server is here, and no process that can be
 *     seen is
 * @param clientMissing the same of the client
 * @param toServer the direction that the client writes
 * @param toClient the direction that the server writes
 * @param nanos how long that was
 */
public record Observation(
    LiveChannel channel,
    Optional<LiveProcess> server,
    Optional<LiveProcess> client,
    boolean serverMissing,
    boolean clientMissing,
    Lane toServer,
    Lane toClient,
    long nanos) {}
