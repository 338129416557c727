-- A message that was posted, with its origin and the point to which a later lookup goes back.
update outbox set area = 'incident', purpose = 'announcement',
                  origin = '{"incident": {"kind": "announcement", "incident": "03900000-0000-7000-8000-000000000001"}}',
                  mark = '1772355600.000100'
 where kind = 'post_message' and state = 'done';
