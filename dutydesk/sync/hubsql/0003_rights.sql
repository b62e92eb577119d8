-- What each role may do; the roles themselves belong to the whole server and are made before (statements.sql).
-- dutydesk_desk: a desk's login. It adds and reads; it alters nothing but the counter and takes away nothing but
-- personal data that were erased. dutydesk_reader: people with SQL tools, the city's view. dutydesk_project: the
-- owner's timer that makes readable tables. Nobody of these alters or removes an act.

GRANT SELECT ON hub_version, hub_state, hub_counter, desk, desk_key, chain, act, personal, erased, seal, witness,
  quarantine, blob, blob_chunk, projection TO dutydesk_desk;
GRANT INSERT ON chain, act, personal, erased, seal, witness, quarantine, blob, blob_chunk, projection TO dutydesk_desk;
GRANT UPDATE ON hub_counter TO dutydesk_desk;
GRANT DELETE ON personal TO dutydesk_desk;

GRANT SELECT ON hub_version, hub_state, hub_counter, desk, chain, act, seal, witness, quarantine, v_desks, v_heads,
  v_acts, v_witness, v_quarantine TO dutydesk_reader;

GRANT SELECT ON hub_version, hub_state, hub_counter, desk, desk_key, chain, act, personal, erased, seal, witness,
  quarantine, blob, blob_chunk, projection, v_desks, v_heads, v_acts, v_witness, v_quarantine TO dutydesk_project;
