// SPDX-License-Identifier: Apache-2.0
package provider;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The two topics, by mutual TLS with PEM files. */
public class Link implements AutoCloseable {
    static final String TOPIC = "kakekomi.escalations", REPLIES = "kakekomi.provider-replies";
    private final Map<String, Object> config = new HashMap<>();
    private final String group;
    private final KafkaProducer<byte[], byte[]> producer;
    private KafkaConsumer<byte[], byte[]> parts; // of no group: it is told where to read

    /** The folder with cert.pem, key.pem (PKCS#8) and ca.pem; without them no TLS. */
    public Link(String brokers, Path folder, String group) throws IOException {
        this.group = group;
        config.put("bootstrap.servers", brokers);
        if (Files.exists(folder.resolve("cert.pem")))
            config.putAll(Map.of("security.protocol", "SSL",
                    "ssl.keystore.type", "PEM", "ssl.keystore.certificate.chain", Files.readString(folder.resolve("cert.pem")),
                    "ssl.keystore.key", Files.readString(folder.resolve("key.pem")),
                    "ssl.truststore.type", "PEM", "ssl.truststore.certificates", Files.readString(folder.resolve("ca.pem"))));
        producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Java's default is read_uncommitted: what was aborted would be seen. */
    KafkaConsumer<byte[], byte[]> consumer(String suffix) {
        Map<String, Object> reading = new HashMap<>(config);
        reading.putAll(Map.of("group.id", group + suffix, "isolation.level", "read_committed", "enable.auto.commit", false,
                "auto.offset.reset", "earliest", "session.timeout.ms", 6000)); // killed and started again, it goes on after as long
        return new KafkaConsumer<>(reading, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** The values at exactly the positions that an offer names, in order. */
    List<byte[]> fetch(List<Json> places) throws Refused {
        if (parts == null)
            parts = consumer("-parts");
        List<byte[]> values = new ArrayList<>();
        for (Json place : places) {
            TopicPartition partition = new TopicPartition(TOPIC, place.number("partition"));
            parts.assign(List.of(partition));
            parts.seek(partition, place.offset("offset"));
            values.add(first(parts, place).value());
        }
        return values;
    }

    private static ConsumerRecord<byte[], byte[]> first(KafkaConsumer<byte[], byte[]> consumer, Json place) throws Refused {
        Instant end = Instant.now().plusSeconds(20);
        while (Instant.now().isBefore(end))
            for (var record : consumer.poll(Duration.ofSeconds(1))) {
                Refused.unless(record.offset() == place.offset("offset"), "a part is not where it was offered");
                return record;
            }
        throw new Refused("a part does not come");
    }

    /** Writes the values in order; where each of them stands, as the broker acknowledged it. */
    List<RecordMetadata> send(String type, String caseId, List<byte[]> values) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (byte[] value : values) {
            var record = new ProducerRecord<>(REPLIES, caseId.getBytes(StandardCharsets.UTF_8), value);
            Map.of("ce_specversion", "1.0", "ce_id", UUID.randomUUID().toString(), "ce_type", "kakekomi." + type, "ce_source",
                    "/provider", "ce_time", Instant.now().toString(), "ce_subject", caseId, "content-type", "application/jose")
                    .forEach((name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
            sent.add(producer.send(record));
        }
        List<RecordMetadata> places = new ArrayList<>();
        for (var one : sent)
            places.add(one.get());
        return places;
    }

    @Override
    public void close() {
        producer.close();
        if (parts != null)
            parts.close();
    }
}
