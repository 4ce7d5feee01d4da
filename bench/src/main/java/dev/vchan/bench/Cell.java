// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

/**
 * One contestant's part of a question.
 *
 * @param question what it is asked
 * @param rival who is asked
 */
record Cell(Question question, Rival rival) {}
