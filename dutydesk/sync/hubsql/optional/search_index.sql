-- Beyond the common subset: an index over the bigrams, where the engine has GIN and tsvector. Without it a search reads
-- the folded texts one by one and finds the same rows.
CREATE INDEX IF NOT EXISTS ix_search_words ON ledgers.search_words
  USING gin (array_to_tsvector(string_to_array(words, ' ')));
