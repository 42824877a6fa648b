# SPDX-License-Identifier: Apache-2.0
"""Who may do what at the broker: every principal against every topic of the table, and the provider against everything else there is.
What is tried comes from the table of topics: a new one is tried by itself."""
import ssl
import struct
import subprocess
import uuid

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, AlterConfigOpType, ConfigEntry,
                                   ConfigResource, NewPartitions, NewTopic, ResourcePatternType, ResourceType)

from desk import SERVICES
from wire import Wire, batch_of, string

GROUPS = ("intake", "triage", "escalation", "notify")
PROCESSORS = ("triage", "escalation", "notify")
PRINCIPALS = (*SERVICES, "shipper", "provider")
REFUSALS = {"TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
            "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION"}


@pytest.fixture(scope="module")
def topics(tool):
    lines = subprocess.run([tool, "topics"], check=True, capture_output=True, text=True).stdout.splitlines()
    found = {name: (set(writers.split(",")), set(readers.split(","))) for name, writers, readers in map(str.split, lines)}
    assert len(found) >= 14 and "provider-replies" in found
    return found


def refused(answer):
    """The broker's own word that it is not allowed; anything else is not a refusal."""
    try:
        answer()
    except KafkaException as error:
        name = error.args[0].name()
        assert name in REFUSALS, f"neither allowed nor refused: {error}"
        return True
    return False


# --- the matrix: principal × topic × read, write, describe ------------------------------------------------------------------
# What no topic takes, whoever writes it, so that nothing is written where writing is allowed: a batch of another magic is looked at only
# after the question whether the principal may write.
def may_write(desk, principal, topic):
    answer = Wire(desk, principal).produce(topic, batch_of(b"x", magic=1))
    assert answer in (29, 3, 2, 87, 43, 76), f"{principal}, {topic}: {answer}"  # 29: not authorized; 2, 43, 87: allowed, and the batch is none
    return answer not in (29, 3)


def may_read(desk, principal, topic):
    answer = Wire(desk, principal).fetch(topic)
    assert answer in (0, 1, 29, 3), f"{principal}, {topic}: {answer}"
    return answer in (0, 1)


def may_describe(desk, principal, topic):
    found = AdminClient(desk.kafka(principal)).list_topics(topic, timeout=20).topics[topic]
    return found.error is None and len(found.partitions) > 0


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_every_principal_may_do_exactly_what_the_table_says(desk, topics, principal):
    for name, (writers, readers) in topics.items():
        topic = "kakekomi." + name
        assert may_write(desk, principal, topic) == (principal in writers), f"{principal} writes {name}"
        assert may_read(desk, principal, topic) == (principal in readers), f"{principal} reads {name}"
        assert may_describe(desk, principal, topic) == (principal in writers | readers), f"{principal} describes {name}"
    for topic in ("__consumer_offsets", "__transaction_state"):
        assert not may_write(desk, principal, topic) and not may_read(desk, principal, topic), f"{principal}: {topic}"


# --- groups and transactions -------------------------------------------------------------------------------------------------
GROUP_REFUSED, CLUSTER_REFUSED, TRANSACTION_REFUSED = 30, 31, 53  # the broker's error codes
WHERE = struct.pack(">i", 1) + string("kakekomi.escalations") + struct.pack(">ii", 1, 0)


def code(answer, at=0):
    return struct.unpack_from(">h", answer, at if at >= 0 else len(answer) + at)[0]


def group_answers(wire, group):
    """What the broker says to this principal about the group: error codes by request. Nothing of it changes anything where it is allowed,
    the commit apart, which is of an offset that no service has."""
    return {"find": code(wire.ask(10, 0, string(group))),
            "fetch offsets": code(wire.ask(9, 2, string(group) + struct.pack(">i", 0)), -2),
            "describe": code(wire.ask(15, 0, struct.pack(">i", 1) + string(group)), 4),
            "commit": code(wire.ask(8, 2, string(group) + struct.pack(">i", -1) + string("") + struct.pack(">q", -1) + WHERE +
                                    struct.pack(">q", 0) + string("")), -2),
            "join": code(wire.ask(11, 0, string(group) + struct.pack(">i", 6000) + string("") + string("consumer") +
                                  struct.pack(">i", 1) + string("none of theirs") + struct.pack(">i", 0)))}


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_every_principal_has_its_own_group_and_transactions_only(desk, principal):
    wire = Wire(desk, principal)
    for group in (*GROUPS, "provider-" + uuid.uuid4().hex, "console", "Provider", "xprovider"):
        if group == principal:
            assert code(wire.ask(10, 0, string(group))) == 0
        elif principal == "provider" and group.startswith("provider"):
            assert group_answers(wire, group) | {"join": 0} == dict.fromkeys(("find", "fetch offsets", "describe", "join", "commit"), 0)
        else:
            answers = group_answers(wire, group)
            # intake tells operators which service is down: it may look at the groups, and do nothing in them.
            looks = {"find": 0, "fetch offsets": 0, "describe": 0} if principal == "intake" and group in PROCESSORS else {}
            assert answers == dict.fromkeys(answers, GROUP_REFUSED) | looks, f"{principal}, {group}: {answers}"
    for name in ("triage-1", "escalation-1", "notify-1", "escalation-", "provider", "provider-1", "intake-1", "kakekomi", ""):
        if name.split("-")[0] == principal in PROCESSORS and "-" in name:
            continue  # its own: the running service would be fenced off
        answer = code(wire.ask(22, 0, string(name) + struct.pack(">i", 60000)), 4)
        assert answer == TRANSACTION_REFUSED or (not name and answer == 42), f"{principal}, {name}: {answer}"  # 42: an empty one is none


# --- the provider against everything else ----------------------------------------------------------------------------------
def deletes_no_record(desk, principal, topic):
    answer = Wire(desk, principal).ask(21, 0, struct.pack(">i", 1) + string(topic) + struct.pack(">iiqi", 1, 0, 1, 5000))
    return code(answer, -2) in (29, 3)


def each(futures):
    """Every one of these was refused."""
    futures = futures if isinstance(futures, dict) else {"": futures}
    return futures and all(refused(future.result) for future in futures.values())


@pytest.fixture(params=["its own listener", "the desk's listener"])
def way(request, desk):
    """On the desk's listener the provider's certificate opens no connection at all; there is nothing further to try."""
    if request.param == "its own listener":
        return desk.kafka("provider")
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)) as why:
        Wire(desk, "provider", desk.brokers).ask(3, 1, struct.pack(">i", 0))
    assert "timed out" not in str(why.value)
    with pytest.raises(KafkaException):
        AdminClient({**desk.kafka("provider"), "bootstrap.servers": desk.brokers}).list_topics(timeout=5)
    return None


def test_the_provider_can_administer_nothing(desk, topics, way):
    if way is None:
        return
    admin, names = AdminClient(way), ["kakekomi." + name for name in topics]
    own = "kakekomi.provider-replies"
    before = AdminClient(desk.kafka()).list_topics(timeout=20).topics.keys()
    assert each(admin.create_topics([NewTopic("kakekomi.of-the-provider", 1, 1), NewTopic("provider", 1, 1)]))
    for name in names:
        assert each(admin.delete_topics([name])), name
        assert each(admin.create_partitions([NewPartitions(name, 64)])), name
        assert deletes_no_record(desk, "provider", name), name
        assert each(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)])), name
        change = ConfigResource(ConfigResource.Type.TOPIC, name)
        change.add_incremental_config(ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET))
        assert each(admin.incremental_alter_configs([change])), name
    broker = ConfigResource(ConfigResource.Type.BROKER, "1")
    assert each(admin.describe_configs([broker]))
    broker.add_incremental_config(ConfigEntry("message.max.bytes", "1", incremental_operation=AlterConfigOpType.SET))
    assert each(admin.incremental_alter_configs([broker]))
    everything = AclBinding(ResourceType.TOPIC, "kakekomi.", ResourcePatternType.PREFIXED, "User:provider", "*", AclOperation.ALL,
                            AclPermissionType.ALLOW)
    any_acl = AclBindingFilter(ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
    assert each(admin.create_acls([everything])) and each(admin.delete_acls([any_acl]))
    anything = struct.pack(">b", 1) + string(None) + struct.pack(">b", 1) + string(None) + string(None) + struct.pack(">bb", 1, 1)
    assert code(Wire(desk, "provider").ask(29, 1, anything), 4) == CLUSTER_REFUSED
    described = admin.describe_cluster(include_authorized_operations=True)
    assert refused(described.result) or not described.result().authorized_operations
    assert AdminClient(desk.kafka()).list_topics(timeout=20).topics.keys() == before and own in before


def quota(wire, kind, body):
    answer = wire.ask(kind, 0, body)
    return struct.unpack_from(">h", answer, 4 if kind == 48 else 8)[0]


def test_the_provider_cannot_change_or_see_quotas_nor_look_at_the_disks(desk):
    wire = Wire(desk, "provider")
    entity = struct.pack(">i", 1) + string("user") + string("provider")
    unlimited = struct.pack(">i", 1) + entity + struct.pack(">i", 1) + string("producer_byte_rate") + struct.pack(">d?", 1e12, True)
    assert quota(wire, 49, unlimited + b"\0") == CLUSTER_REFUSED
    assert quota(wire, 48, struct.pack(">i", 0) + b"\0") == CLUSTER_REFUSED
    disks = wire.ask(35, 1, struct.pack(">i", -1))  # DescribeLogDirs, every topic: without the right to it the list is empty
    assert struct.unpack_from(">i", disks, 4)[0] == 0, disks


def test_the_provider_cannot_open_a_transaction(desk):
    """Else one that is never ended would hold back every reader of `provider-replies` behind it."""
    wire = Wire(desk, "provider")
    born = wire.ask(22, 0, string(None) + struct.pack(">i", 60000))  # InitProducerId without a transactional id
    error, producer_id, epoch = struct.unpack_from(">hqh", born, 4)
    before = desk.ends("provider-replies")
    if error == 0:  # whoever may write to some topic may be idempotent
        transactional = 0x10
        for name in (None, "provider", "escalation-1"):
            answer = Wire(desk, "provider").produce("kakekomi.provider-replies", batch_of(b"held", transactional, producer_id, epoch, 0), name)
            assert answer == TRANSACTION_REFUSED, answer
    assert desk.ends("provider-replies") == before


def test_an_idempotent_producer_of_the_provider_gets_no_further(desk, topics):
    errors = {}
    producer = Producer(desk.kafka("provider", **{"enable.idempotence": True, "message.timeout.ms": 8000}))
    for name in topics:
        if name != "provider-replies":
            producer.produce("kakekomi." + name, b"x", b"x", on_delivery=lambda error, message, n=name: errors.update({n: error}))
    producer.flush(30)
    assert set(errors) == set(topics) - {"provider-replies"}
    assert all(error is not None for error in errors.values()), errors


def test_the_provider_deletes_no_group_and_no_offset_of_others(desk):
    wire = Wire(desk, "provider")
    for group in GROUPS:
        deleted = wire.ask(42, 0, struct.pack(">i", 1) + string(group))
        assert code(deleted, -2) == GROUP_REFUSED, group
        assert code(wire.ask(47, 0, string(group) + WHERE)) == GROUP_REFUSED, group
    listed = wire.ask(16, 1, b"")  # ListGroups: those it may describe
    count, at, names = struct.unpack_from(">i", listed, 6)[0], 10, []
    for _ in range(count):
        for _ in range(2):
            length = struct.unpack_from(">h", listed, at)[0]
            names.append(listed[at + 2:at + 2 + length].decode())
            at += 2 + length
    assert all(name.startswith("provider") for name in names[::2]), names


def test_no_service_can_administer_anything(desk, topics):
    """Nor can the shipper: only admin may, whom no service uses."""
    for principal in (*SERVICES, "shipper"):
        admin = AdminClient(desk.kafka(principal))
        assert each(admin.create_topics([NewTopic("kakekomi.of-" + principal, 1, 1)])), principal
        assert each(admin.delete_topics(["kakekomi.cases"])), principal
        assert all(deletes_no_record(desk, principal, "kakekomi." + name) for name in topics), principal
        change = ConfigResource(ConfigResource.Type.TOPIC, "kakekomi.cases")
        change.add_incremental_config(ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET))
        assert each(admin.incremental_alter_configs([change])), principal
