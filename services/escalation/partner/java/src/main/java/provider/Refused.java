// SPDX-License-Identifier: Apache-2.0
package provider;

/** What came is not the desk's, or not what the desk offered: nothing may be done with it. */
public class Refused extends Exception {
    public Refused(String why) {
        super(why);
    }

    public Refused(String why, Throwable cause) {
        super(why + ": " + cause.getMessage(), cause);
    }

    static void unless(boolean fact, String why) throws Refused {
        if (!fact)
            throw new Refused(why);
    }
}
