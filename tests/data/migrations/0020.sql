-- Three webhooks that could not be read, told in one message.
insert into notices (effect, rows, kind, error, channel, target, count, since, oldest)
values ('02900000-0000-5000-8000-000000000020', 'parked_signals', 'github/push', 'the body is not JSON: expected value',
        'room', 'C024OPS', 3, '2026-03-01 09:05:00+00', '2026-03-01 09:03:58+00');
