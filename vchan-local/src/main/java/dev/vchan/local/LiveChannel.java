// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.PageSnapshot;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.GrantRef;
import java.util.Optional;

/**
 * A channel of other processes, or what waits for a client to become one, as it was found.
 *
 * @param path where the two sides meet, or met
 * @param server the domain that shares the page
 * @param client the domain that may map it
 * @param page reference of the control page; with {@code server} it names the channel as long as it
 *     lives
 * @param advertised whether a client would find it now
 * @param snapshot what the page says; empty if nothing could be read, because the file was
 *     truncated or is something else
 * @param steady whether the page was read twice with the same result; if not, it changes all the
 *     time, and its indices are from different moments
 */
public record LiveChannel(
    RendezvousPath path,
    DomainId server,
    DomainId client,
    GrantRef page,
    boolean advertised,
    Optional<PageSnapshot> snapshot,
    boolean steady) {}
