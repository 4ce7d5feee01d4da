// SPDX-License-Identifier: Apache-2.0

/// Files over a channel: the protocol of docs/file-transfer.md, both sides of it.
@NullMarked
package dev.vchan.cli.transfer;

import org.jspecify.annotations.NullMarked;
