"""Bounds the log events that the emulator keeps: ministack keeps all of them, twice, until it ends.

A log group's events are kept for its retention, as AWS does, and of all groups the newest of LIMIT bytes. The sandbox's
own log files (make logs) have the others.
"""

import threading
import time

from ministack.services import cloudwatch_logs

# Bytes of all log events, counted as AWS does: each message and 26 bytes.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LIMIT = 16 << 20
OVERHEAD = 26
# The share of LIMIT that remains after LIMIT was exceeded, so that not every event causes a search for the oldest.
LEFT = 0.75
# Seconds between two searches for events past their retention. AWS deletes these within 72 hours.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
INTERVAL = 1.0

append, find = cloudwatch_logs._append_log_events, cloudwatch_logs._get_log_record
lock = threading.Lock()  # the emulator runs functions of event sources in threads
counted = 0  # bytes, of deleted streams too until the next search
searched = 0.0


def size(event):
    return len(event["message"]) + OVERHEAD


def append_log_events(stream, events):
    """Replaces ministack's of this name."""
    global counted
    append(stream, events)
    with lock:
        counted += sum(map(size, events))
        if counted > LIMIT or time.monotonic() - searched > INTERVAL:
            drop()


def drop():
    """Drops what is past its retention, and then the oldest above LIMIT."""
    global counted, searched
    searched, now = time.monotonic(), time.time() * 1000
    streams = []
    with cloudwatch_logs._log_events_lock:
        for _, group in list(cloudwatch_logs._log_groups.all_items()):
            days = group.get("retentionInDays")
            for stream in list(group["streams"].values()):
                streams.append(stream)
                events, past = stream["events"], 0  # by time
                while days and past < len(events) and events[past]["timestamp"] < now - days * 86_400_000:
                    past += 1
                drop_first(stream, past)
        if counted <= LIMIT:
            return
        counted = sum(size(event) for stream in streams for event in stream["events"])
        if counted > LIMIT:
            drop_oldest(streams)


def drop_first(stream, number):
    if number:
        stream["events"] = stream["events"][number:]


def drop_oldest(streams):
    global counted
    order = sorted(((event["timestamp"], i, size(event)) for i, stream in enumerate(streams) for event in stream["events"]))
    dropped = [0] * len(streams)
    for _, i, length in order:
        if counted <= LIMIT * LEFT:
            break
        counted -= length
        dropped[i] += 1
    for stream, number in zip(streams, dropped):
        drop_first(stream, number)


class NoRecords(cloudwatch_logs._log_records.__class__):
    """Replaces the records of all events, which ministack keeps in addition to the events and can create for a query."""

    __slots__ = ()

    def __setitem__(self, key, value):
        pass

    def get(self, key, default=None):
        return default


def get_log_record(data):
    """Replaces ministack's of this name: finds the event of a query's result."""
    for name, group in cloudwatch_logs._log_groups.items():
        for stream_name, stream in group["streams"].items():
            for event in stream["events"]:
                if event.get("eventId") == data.get("logRecordPointer"):
                    return cloudwatch_logs.json_response({"logRecord": cloudwatch_logs._public_log_record(cloudwatch_logs._build_log_record(
                        ptr=event["eventId"], timestamp_ms=event["timestamp"], message=event["message"],
                        log_group=name, log_stream=stream_name))})
    return find(data)


def get_state():
    """The state without the events, which would be saved with each change of the account."""
    with cloudwatch_logs._log_events_lock:
        streams = [stream for _, group in cloudwatch_logs._log_groups.all_items() for stream in group["streams"].values()]
        events = [stream["events"] for stream in streams]
        for stream in streams:
            stream["events"] = []
        try:
            return with_events()
        finally:
            for stream, kept in zip(streams, events):
                stream["events"] = kept


with_events = cloudwatch_logs.get_state


def install():
    cloudwatch_logs._append_log_events = append_log_events
    cloudwatch_logs._log_records = NoRecords()
    cloudwatch_logs._get_log_record = get_log_record
    cloudwatch_logs.get_state = get_state
