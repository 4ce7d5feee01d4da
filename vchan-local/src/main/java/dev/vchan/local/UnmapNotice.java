// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;

/**
 * What the survivor does for a process that dies, since no kernel does it here: clear one byte of a
 * page. The sender promises nothing by it, so the receiver looks for the page among its own.
 *
 * @param owner the domain that shared the page
 * @param ref reference of the page
 * @param offset offset of the byte in the page, 0 to 4095
 */
record UnmapNotice(DomainId owner, int ref, int offset) {}
