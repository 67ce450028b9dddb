// JSONParsing
