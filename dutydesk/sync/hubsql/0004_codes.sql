-- A number on paper is unique by district, desk, year and n: whoever has used a code keeps it for good, also after it
-- took another one or was shut out. Of desks that shared a code before this file came, one has it from now on.
CREATE TABLE desk_code (
  district text NOT NULL,
  code text NOT NULL,
  desk bytea NOT NULL REFERENCES desk (desk),
  taken_at timestamp with time zone NOT NULL DEFAULT now(),
  PRIMARY KEY (district, code)
);

INSERT INTO desk_code (district, code, desk)
SELECT district, code, decode(min(encode(desk, 'hex')), 'hex') FROM desk GROUP BY district, code;

GRANT SELECT, INSERT ON desk_code TO dutydesk_desk;
GRANT SELECT ON desk_code TO dutydesk_reader;
GRANT SELECT ON desk_code TO dutydesk_project;
