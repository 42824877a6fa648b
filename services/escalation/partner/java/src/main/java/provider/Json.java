// SPDX-License-Identifier: Apache-2.0
package provider;

import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A JSON object whose members must be there and of the type that is asked for. The parser is the JOSE library's. */
public record Json(Map<String, Object> members) {
    static Json parse(byte[] text) throws Refused {
        try {
            return new Json(JSONObjectUtils.parse(new String(text, StandardCharsets.UTF_8)));
        } catch (ParseException error) {
            throw new Refused("not a JSON object", error);
        }
    }

    String text(String name) throws Refused {
        if (members.get(name) instanceof String text)
            return text;
        throw new Refused("expected a text: " + name);
    }

    int number(String name) throws Refused {
        if (members.get(name) instanceof Number number && number.intValue() == number.doubleValue())
            return number.intValue();
        throw new Refused("expected a number: " + name);
    }

    long offset(String name) throws Refused {
        if (members.get(name) instanceof Number number && number.longValue() == number.doubleValue())
            return number.longValue();
        throw new Refused("expected a number: " + name);
    }

    Json object(String name) throws Refused {
        return of(members.get(name), name);
    }

    List<Json> list(String name) throws Refused {
        if (!(members.get(name) instanceof List<?> values))
            throw new Refused("expected a list: " + name);
        List<Json> list = new ArrayList<>();
        for (Object value : values)
            list.add(of(value, name));
        return list;
    }

    List<String> texts(String name) throws Refused {
        if (!(members.get(name) instanceof List<?> values))
            throw new Refused("expected a list: " + name);
        List<String> list = new ArrayList<>();
        for (Object value : values) {
            Refused.unless(value instanceof String, "expected texts: " + name);
            list.add((String) value);
        }
        return list;
    }

    @SuppressWarnings("unchecked")
    private static Json of(Object value, String name) throws Refused {
        Refused.unless(value instanceof Map, "expected an object: " + name);
        return new Json((Map<String, Object>) value);
    }

    @Override
    public String toString() {
        return JSONObjectUtils.toJSONString(members);
    }
}
