// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a case of the catalogues that a test is about: T01 and on for conformance, A01 and on for
 * attacks. On a class it holds for every test in it. The build fails when a case has no test that
 * ran and passed, unless the catalogue says why it cannot run.
 */
@Documented
@Inherited
@Repeatable(Case.Cases.class)
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface Case {

  /**
   * The case.
   *
   * @return its id in the catalogue
   */
  String value();

  /** Several of them on one element. */
  @Documented
  @Inherited
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.METHOD, ElementType.TYPE})
  @interface Cases {

    /**
     * The cases.
     *
     * @return all of them
     */
    Case[] value();
  }
}
