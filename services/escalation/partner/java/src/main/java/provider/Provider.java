// SPDX-License-Identifier: Apache-2.0
package provider;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.Header;

/**
 * A provider: accepts what is offered, opens what the key was released for, deletes what is recalled, and reports.
 *
 * <pre>
 * java -jar provider.jar PKI --group NAME --state FILE --out FOLDER [--report] [--seconds N]
 * java -jar provider.jar JOSE --records &lt; LINES     opens saved records: {"offer", "key", "parts": […]} a line, Latin-1
 * </pre>
 *
 * PKI has cert.pem, key.pem, ca.pem and jose/ (JOSE) with sign.jwk, decrypt.jwk, desk-jwks.json. The broker is named by
 * KAKEKOMI_PROVIDER_BROKERS. One JSON line is printed for each thing that happened.
 */
public class Provider {
    private final Envelope envelope;
    private final Link link;
    private final Path state, out;
    private final boolean reports;
    private final Map<String, Json> offers = new HashMap<>();
    private final Set<String> seen = new HashSet<>();

    Provider(Envelope envelope, Link link, Path state, Path out, boolean reports) throws IOException, Refused {
        this.envelope = envelope;
        this.link = link;
        this.state = state;
        this.out = out;
        this.reports = reports;
        if (Files.exists(state))
            for (String line : Files.readAllLines(state)) { // believed as little as on the day it came
                Json offer = envelope.verified(line.getBytes(StandardCharsets.US_ASCII));
                offers.put(offer.text("handover"), offer);
            }
    }

    private static void say(String what, Map<String, ?> more) {
        Map<String, Object> line = new LinkedHashMap<>(Map.of("provider", what));
        line.putAll(more);
        System.out.println(new Json(line));
        System.out.flush();
    }

    // --- the desk's words ------------------------------------------------------------------------

    private void take(byte[] value) throws Exception {
        Json word = envelope.verified(value);
        String handover = word.text("handover");
        switch (word.text("type")) {
        case "escalation.offered" -> {
            remember(word, value);
            answer("escalation.accepted", word, Map.of());
        }
        case "escalation.supplemented" -> remember(word, value); // needs no answer: its key follows
        case "escalation.key" -> {
            Json offer = offers.get(handover);
            Refused.unless(offer != null, "a key for what was not offered");
            opened(offer, envelope.open(offer, word, link.fetch(offer.list("parts"))));
        }
        case "escalation.recalled" -> {
            if (offers.containsKey(handover)) {
                forget(out.resolve(handover));
                answer("escalation.deleted", offers.get(handover), Map.of());
            }
        }
        default -> say("passed_over", Map.of("type", word.text("type"))); // a word of a later version
        }
    }

    /** Written down before the record counts as handled: the key may come after a restart. */
    private void remember(Json offer, byte[] value) throws Exception {
        offers.put(offer.text("handover"), offer);
        Files.writeString(state, new String(value, StandardCharsets.US_ASCII) + "\n", StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        say("offered", Map.of("handover", offer.text("handover"), "parts", offer.list("parts").size()));
    }

    private void answer(String type, Json offer, Map<String, ?> more) throws Exception {
        link.send(type, offer.text("case"), List.of(envelope.reply(type, offer, more)));
        say(type.substring(type.indexOf('.') + 1), Map.of("handover", offer.text("handover")));
    }

    private void opened(Json offer, Envelope.Content content) throws Exception {
        Path folder = Files.createDirectories(out.resolve(offer.text("handover")));
        Files.writeString(folder.resolve("manifest.json"), content.manifest().toString());
        int number = 0;
        for (var item : content.items().entrySet()) // the name is the customer's: only its last piece, behind a number
            Files.write(folder.resolve(number++ + "-" + Path.of(item.getKey()).getFileName()), item.getValue());
        say("opened", Map.of("handover", offer.text("handover"), "sha256", hashes(content)));
        if (reports)
            report(offer, content);
    }

    static Map<String, String> hashes(Envelope.Content content) {
        Map<String, String> hashes = new LinkedHashMap<>();
        content.items().forEach((name, bytes) -> hashes.put(name, Envelope.sha256(bytes)));
        return hashes;
    }

    private static void forget(Path folder) throws IOException {
        if (!Files.exists(folder))
            return;
        try (var paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList())
                Files.delete(path);
        }
    }

    // --- the report ------------------------------------------------------------------------------

    /** Here stands what your analysts found; this one says what was looked at. */
    private void report(Json offer, Envelope.Content content) throws Exception {
        List<String> findings = new ArrayList<>();
        content.items().forEach((name, bytes) -> findings.add(name + ": " + bytes.length + " bytes 確認済み / looked at"));
        Json document = new Json(Map.of("findings", findings, "recommendations", List.of(), "indicators", List.of()));
        deliver(offer, List.of(new Envelope.Item("report.json", "application/json",
                document.toString().getBytes(StandardCharsets.UTF_8))));
    }

    private void deliver(Json offer, List<Envelope.Item> items) throws Exception {
        List<byte[]> values = envelope.reportParts(offer, items);
        var places = link.send("report.part", offer.text("case"), values);
        List<Object> parts = new ArrayList<>();
        for (int part = 0; part < values.size(); part++)
            parts.add(Map.of("part", part, "partition", places.get(part).partition(), "offset", places.get(part).offset(), "size",
                    values.get(part).length, "sha256", Envelope.sha256(values.get(part))));
        answer("report.delivered", offer, Map.of("parts", parts));
    }

    // --- the program -----------------------------------------------------------------------------

    private static String header(ConsumerRecord<?, ?> record, String name, String otherwise) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? otherwise : new String(header.value(), StandardCharsets.UTF_8);
    }

    private void run(Instant end) throws Exception {
        try (var consumer = link.consumer("")) {
            consumer.subscribe(List.of(Link.TOPIC));
            while (Instant.now().isBefore(end))
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    String id = header(record, "ce_id", record.partition() + "/" + record.offset());
                    if (seen.add(id) && !header(record, "ce_type", "").equals("kakekomi.escalation.part"))
                        try {
                            take(record.value() == null ? new byte[0] : record.value());
                        } catch (Refused refused) {
                            say("refused", Map.of("record", id, "why", refused.getMessage()));
                        }
                    commit(consumer, record);
                }
        }
    }

    /** Where the broker was away for longer than the group waits, or the group changes, the record comes again and is known by its id. */
    private static void commit(KafkaConsumer<byte[], byte[]> consumer, ConsumerRecord<byte[], byte[]> record) {
        try {
            consumer.commitSync(Map.of(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1)));
        } catch (CommitFailedException | RebalanceInProgressException | TimeoutException failure) {
            say("not committed", Map.of("offset", record.offset(), "why", failure.toString()));
        }
    }

    private static void openSaved(Envelope envelope) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                Json saved = Json.parse(line.getBytes(StandardCharsets.UTF_8));
                List<byte[]> parts = new ArrayList<>();
                for (String part : saved.texts("parts"))
                    parts.add(part.getBytes(StandardCharsets.ISO_8859_1));
                Json offer = envelope.verified(saved.text("offer").getBytes(StandardCharsets.ISO_8859_1));
                Json key = envelope.verified(saved.text("key").getBytes(StandardCharsets.ISO_8859_1));
                System.out.println(new Json(Map.of("opened", hashes(envelope.open(offer, key, parts)))));
            } catch (Refused refused) {
                System.out.println(new Json(Map.of("refused", refused.getMessage())));
            }
            System.out.flush();
        }
    }

    public static void main(String[] words) throws Exception {
        Map<String, String> options = new HashMap<>(Map.of("--group", "provider-java", "--seconds", "315360000"));
        for (int i = 1; i < words.length; i++)
            options.put(words[i], i + 1 < words.length && !words[i + 1].startsWith("--") ? words[++i] : "");
        Path folder = Path.of(words[0]);
        if (options.containsKey("--records")) {
            openSaved(new Envelope(folder));
            return;
        }
        Instant end = Instant.now().plusSeconds(Long.parseLong(options.get("--seconds")));
        try (Link link = new Link(System.getenv("KAKEKOMI_PROVIDER_BROKERS"), folder, options.get("--group"))) {
            new Provider(new Envelope(folder.resolve("jose")), link, Path.of(options.get("--state")),
                    Path.of(options.get("--out")), options.containsKey("--report")).run(end);
        }
    }
}
