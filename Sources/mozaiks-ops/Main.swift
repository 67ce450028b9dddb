@main
enum Main { static func main() { print("mozaiks-ops") } }
