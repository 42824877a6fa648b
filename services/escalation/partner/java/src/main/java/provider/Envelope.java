// SPDX-License-Identifier: Apache-2.0
package provider;

import com.nimbusds.jose.EncryptionMethod;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWEAlgorithm;
import com.nimbusds.jose.JWEHeader;
import com.nimbusds.jose.JWEObject;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.DirectDecrypter;
import com.nimbusds.jose.crypto.ECDHDecrypter;
import com.nimbusds.jose.crypto.ECDHEncrypter;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.Base64URL;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.ParseException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Words and parts by the keys of both sides (PROVIDER.md); no broker is needed. Whatever is not as agreed is Refused. */
public class Envelope {
    static final int CHUNK = 512 * 1024;

    /** What was handed over: the manifest, and the clear bytes of every item by its name. */
    public record Content(Json manifest, Map<String, byte[]> items) {
    }

    /** A file of a report. */
    public record Item(String name, String mediaType, byte[] bytes) {
    }

    private final ECKey sign, deskEncrypt;
    private final Map<String, ECKey> decrypt = new HashMap<>(), deskSign = new HashMap<>();

    /** The folder with sign.jwk, decrypt*.jwk (ours, private; several after a rotation) and desk-jwks.json (the desk's, public). */
    public Envelope(Path folder) throws IOException, ParseException {
        sign = ECKey.parse(Files.readString(folder.resolve("sign.jwk")));
        try (var paths = Files.newDirectoryStream(folder, "decrypt*.jwk")) {
            for (Path path : paths) {
                ECKey key = ECKey.parse(Files.readString(path));
                decrypt.put(key.getKeyID(), key);
            }
        }
        ECKey newest = null;
        for (JWK key : JWKSet.load(folder.resolve("desk-jwks.json").toFile()).getKeys())
            if (KeyUse.SIGNATURE.equals(key.getKeyUse()))
                deskSign.put(key.getKeyID(), key.toECKey());
            else if (KeyUse.ENCRYPTION.equals(key.getKeyUse()))
                newest = key.toECKey();
        deskEncrypt = newest;
    }

    // --- what comes ------------------------------------------------------------------------------

    /** The desk's word: ES256 by a key of the desk, nothing else. */
    public Json verified(byte[] value) throws Refused {
        String text = compact(value, 3);
        try {
            JWSObject word = JWSObject.parse(text);
            ECKey key = deskSign.get(word.getHeader().getKeyID());
            Refused.unless(key != null && JWSAlgorithm.ES256.equals(word.getHeader().getAlgorithm()),
                    "not ES256 by a key of the desk");
            Refused.unless(word.verify(new ECDSAVerifier(key)), "the signature does not verify");
            return Json.parse(word.getPayload().toBytes());
        } catch (ParseException | JOSEException | IllegalStateException error) {
            throw new Refused("not a signed word", error);
        }
    }

    /** The key opens the parts, their values in order; every hash is checked. */
    public Content open(Json offer, Json word, List<byte[]> values) throws Refused {
        byte[] key = contentKey(offer, word);
        List<Json> places = offer.list("parts");
        Refused.unless(values.size() == places.size(), "not all parts, or more");
        List<byte[]> clear = new ArrayList<>();
        for (int part = 0; part < values.size(); part++) {
            Refused.unless(places.get(part).number("part") == part
                    && places.get(part).text("sha256").equals(sha256(values.get(part))),
                    "part " + part + " is not what was offered");
            clear.add(openPart(key, offer.text("handover"), part, values.size(), values.get(part)));
        }
        Json manifest = Json.parse(clear.get(0));
        Refused.unless(manifest.text("handover").equals(offer.text("handover")), "the manifest is of another hand-over");
        Map<String, byte[]> items = new LinkedHashMap<>();
        for (Json item : manifest.list("items"))
            items.put(item.text("name"), joined(item, clear));
        return new Content(manifest, items);
    }

    private byte[] contentKey(Json offer, Json word) throws Refused {
        Refused.unless(List.of("escalation.offered", "escalation.supplemented").contains(offer.text("type")), "not an offer");
        Refused.unless(word.text("type").equals("escalation.key"), "not a key");
        for (String member : List.of("case", "handover", "head"))
            Refused.unless(word.text(member).equals(offer.text(member)), "not the key for this offer");
        try {
            JWEObject sealed = JWEObject.parse(compact(word.text("key").getBytes(StandardCharsets.UTF_8), 5));
            JWEHeader header = sealed.getHeader();
            ECKey own = decrypt.get(header.getKeyID());
            Refused.unless(JWEAlgorithm.ECDH_ES_A256KW.equals(header.getAlgorithm())
                    && EncryptionMethod.A256GCM.equals(header.getEncryptionMethod()) && own != null, "not sealed to us as agreed");
            sealed.decrypt(new ECDHDecrypter(own));
            byte[] key = sealed.getPayload().toBytes();
            Refused.unless(key.length == 32, "not a content key");
            return key;
        } catch (ParseException | JOSEException | IllegalStateException error) {
            throw new Refused("the key cannot be opened", error);
        }
    }

    private static byte[] openPart(byte[] key, String handover, int part, int of, byte[] value) throws Refused {
        try {
            JWEObject sealed = JWEObject.parse(compact(value, 5));
            Json header = new Json(sealed.getHeader().toJSONObject());
            Refused.unless(header.members().size() == 5 && header.text("alg").equals("dir") && header.text("enc").equals("A256GCM")
                    && header.text("handover").equals(handover) && header.number("part") == part && header.number("of") == of,
                    "part " + part + " says it is another one");
            sealed.decrypt(new DirectDecrypter(key));
            return sealed.getPayload().toBytes();
        } catch (ParseException | JOSEException | IllegalStateException error) {
            throw new Refused("part " + part + " cannot be opened", error);
        }
    }

    private static byte[] joined(Json item, List<byte[]> clear) throws Refused {
        int first = item.number("first_part"), parts = item.number("parts");
        Refused.unless(first >= 1 && parts >= 0 && first + parts <= clear.size(), "the manifest names parts that are not there");
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (byte[] piece : clear.subList(first, first + parts))
            data.writeBytes(piece);
        Refused.unless(data.size() == item.offset("length") && sha256(data.toByteArray()).equals(item.text("sha256")),
                item.text("name") + " is not what the manifest says");
        return data.toByteArray();
    }

    /** One text for each meaning: base64url must be the only one of its bytes, and nothing may change what the header means. */
    private static String compact(byte[] value, int count) throws Refused {
        String text = new String(value, StandardCharsets.ISO_8859_1);
        String[] pieces = text.split("\\.", -1);
        Refused.unless(pieces.length == count, "expected " + count + " pieces");
        for (String piece : pieces)
            Refused.unless(Base64URL.encode(new Base64URL(piece).decode()).toString().equals(piece),
                    "base64url that is not canonical");
        Map<String, Object> header = Json.parse(new Base64URL(pieces[0]).decode()).members();
        for (String name : List.of("zip", "crit", "b64"))
            Refused.unless(!header.containsKey(name), name + " in the header");
        return text;
    }

    // --- what goes -------------------------------------------------------------------------------

    /** A reply: escalation.accepted, .declined, .deleted or report.delivered, with further members. */
    public byte[] reply(String type, Json offer, Map<String, ?> more) throws Refused, JOSEException {
        Map<String, Object> payload = new LinkedHashMap<>(Map.of("type", type,
                "at", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString()));
        for (String member : List.of("case", "handover", "head"))
            payload.put(member, offer.text(member));
        payload.putAll(more);
        JWSObject word = new JWSObject(new JWSHeader.Builder(JWSAlgorithm.ES256).keyID(sign.getKeyID()).build(),
                new Payload(payload));
        word.sign(new ECDSASigner(sign));
        return word.serialize().getBytes(StandardCharsets.US_ASCII);
    }

    /** The parts of a report, sealed to the desk: part 0 says what it is; the first item must be report.json. */
    public List<byte[]> reportParts(Json offer, List<Item> items) throws Refused, JOSEException {
        List<byte[]> chunks = new ArrayList<>();
        List<Object> named = new ArrayList<>();
        for (Item item : items) {
            int first = chunks.size() + 1;
            for (int at = 0; at < item.bytes().length; at += CHUNK)
                chunks.add(Arrays.copyOfRange(item.bytes(), at, Math.min(at + CHUNK, item.bytes().length)));
            named.add(Map.of("name", item.name(), "media_type", item.mediaType(), "length", item.bytes().length, "sha256",
                    sha256(item.bytes()), "first_part", first, "parts", chunks.size() + 1 - first));
        }
        Json manifest = new Json(Map.of("format", "kakekomi report 1", "handover", offer.text("handover"), "items", named));
        chunks.add(0, manifest.toString().getBytes(StandardCharsets.UTF_8));
        List<byte[]> values = new ArrayList<>();
        for (int part = 0; part < chunks.size(); part++) {
            JWEObject sealed = new JWEObject(new JWEHeader.Builder(JWEAlgorithm.ECDH_ES_A256KW, EncryptionMethod.A256GCM)
                    .keyID(deskEncrypt.getKeyID()).customParam("handover", offer.text("handover")).customParam("part", part)
                    .customParam("of", chunks.size()).build(), new Payload(chunks.get(part)));
            sealed.encrypt(new ECDHEncrypter(deskEncrypt));
            values.add(sealed.serialize().getBytes(StandardCharsets.US_ASCII));
        }
        return values;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
