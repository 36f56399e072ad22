// The functions of libyaml-0.so.2 that are called; see CDriver.
TRANCHE_FUNCTION(yaml_event_delete)
TRANCHE_FUNCTION(yaml_parser_delete)
TRANCHE_FUNCTION(yaml_parser_initialize)
TRANCHE_FUNCTION(yaml_parser_parse)
TRANCHE_FUNCTION(yaml_parser_set_encoding)
TRANCHE_FUNCTION(yaml_parser_set_input_string)
